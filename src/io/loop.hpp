#pragma once

#include <sys/epoll.h>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "io/busy_poll.hpp"

namespace scache {

namespace detail {
using AutoUnlink = boost::intrusive::link_mode<boost::intrusive::auto_unlink>;
using ReadyHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<struct ReadyTag>, AutoUnlink>;
using DeadlineHook =
    boost::intrusive::set_base_hook<boost::intrusive::tag<struct DeadlineTag>, AutoUnlink>;
}  // namespace detail

// Waiter is what the loop wakes: for an event, or because its deadline has come. Destroying one
// takes it off every list, so that one waiter may end another at any time.
class Waiter : public detail::ReadyHook, public detail::DeadlineHook {
 public:
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  Instant deadline() const noexcept { return deadline_; }

 protected:
  Waiter() = default;
  ~Waiter() = default;

 private:
  friend class Loop;
  using ReadyHook = detail::ReadyHook;
  using DeadlineHook = detail::DeadlineHook;

  virtual void wake(bool timed_out) = 0;

  Instant deadline_ = kNever;
  // Where it stands among the deadlines, if it does: at its own or at an earlier one. Then it is
  // looked at too early and filed anew, so that putting a deadline off costs nothing.
  Instant filed_ = kNever;
  // The events that its descriptor is watched for; 0 while it is not.
  std::uint32_t watched_ = 0;
  bool timed_out_ = false;
};

// Loop is a level-triggered epoll loop for one thread. A turn has two phases: whatever epoll and
// the deadlines report goes into a list; then each on the list is woken. What those asked of
// sockets is settled at the beginning of the next turn, all at once. Throws std::system_error when
// it cannot be made.
class Loop {
 public:
  using Clock = std::function<Instant()>;

  explicit Loop(Clock clock = BootClock::now);

  // When this turn began.
  Instant now() const noexcept { return now_; }

  // One turn: waits until something happens or a deadline comes, or not at all, and wakes whoever
  // is concerned.
  enum class Wait : std::uint8_t { block, poll };
  void turn(Wait wait);

  // For whoever turns the loop: whether somebody wants it to end.
  bool stopped() const noexcept { return stopped_; }
  void stop() noexcept { stopped_ = true; }

  // Called before every wait: the last chance to set deadlines. It must not throw.
  void before_wait(std::function<void()> hook) { before_wait_ = std::move(hook); }

  // Whether it goes on looking for BusyPoll::kTime before it sleeps, where that pays. At first not.
  void set_busy_poll(bool on) noexcept;


  // For waiters: wake at a deadline (kNever: not), wake in the next turn, and neither.
  void set_deadline(Waiter& waiter, Instant deadline) noexcept;
  void wake_soon(Waiter& waiter) noexcept;

  // For Watch. Wakes for these events (epoll's) of a descriptor instead of those before, as long as
  // they last. Answers 0 or an errno.
  int watch(int descriptor, std::uint32_t events, Waiter& waiter) noexcept;
  void unwatch(int descriptor, Waiter& waiter) noexcept;

 private:
  struct Earlier {
    bool operator()(const Waiter& a, const Waiter& b) const noexcept { return a.filed_ < b.filed_; }
  };
  using ReadyList = boost::intrusive::list<Waiter, boost::intrusive::base_hook<detail::ReadyHook>,
                                           boost::intrusive::constant_time_size<false>>;
  using DeadlineSet =
      boost::intrusive::multiset<Waiter, boost::intrusive::base_hook<detail::DeadlineHook>,
                                 boost::intrusive::compare<Earlier>,
                                 boost::intrusive::constant_time_size<false>>;

  int milliseconds_to_wait(Wait wait) const noexcept;
  std::span<epoll_event> await(Wait wait, std::span<epoll_event> room) noexcept;
  std::span<epoll_event> look_for_a_while(std::span<epoll_event> room) noexcept;
  std::span<epoll_event> look(int milliseconds, std::span<epoll_event> room) noexcept;
  void file(Waiter& waiter) noexcept;
  void collect_due() noexcept;

  Clock clock_;
  Fd epoll_;
  Instant now_;
  ReadyList ready_;
  DeadlineSet deadlines_;
  std::optional<BusyPoll> busy_poll_;
  std::function<void()> before_wait_;
  bool stopped_ = false;
};

// Timer calls a function when its deadline has come. The function may set it anew.
class Timer final : public Waiter {
 public:
  Timer(Loop& loop, std::function<void()> due) : loop_{loop}, due_{std::move(due)} {}
  ~Timer() = default;

  // kNever takes the deadline away.
  void set(Instant deadline) noexcept { loop_.set_deadline(*this, deadline); }

 private:
  void wake(bool timed_out) override {
    if (timed_out) due_();
  }

  Loop& loop_;
  std::function<void()> due_;
};

}  // namespace scache
