#pragma once

#include <sys/epoll.h>

#include <algorithm>
#include <boost/intrusive/set.hpp>
#include <cstdint>
#include <functional>
#include <utility>

#include "base/clock.hpp"
#include "base/fd.hpp"

namespace scache::io {

namespace detail {
using AutoUnlink = boost::intrusive::link_mode<boost::intrusive::auto_unlink>;
using ReadyHook =
    boost::intrusive::set_base_hook<boost::intrusive::tag<struct ReadyTag>, AutoUnlink>;
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

  virtual void wake(bool timed_out) noexcept = 0;

  Instant deadline_ = kNever;
  // Where it stands among the deadlines, if it does: at its own or at an earlier one. Then it is
  // looked at too early and filed anew, so that putting a deadline off costs nothing.
  Instant filed_ = kNever;
  // The events that its descriptor is watched for; 0 while it is not.
  std::uint32_t watched_ = 0;
  bool timed_out_ = false;
  // What it was charged since it was woken; what is not in its account yet, which stays as it is
  // while the waiter is ready; and that.
  std::uint64_t work_of_turn_ = 0;
  std::uint64_t owed_ = 0;
  std::uint64_t account_ = 0;
};

// Loop is a level-triggered epoll loop for one thread. A turn has two phases: whatever epoll and
// the deadlines report becomes ready; then those who are ready are woken, until the work of a turn
// is done. What those asked of sockets is settled at the beginning of the next turn, all at once.
// Throws std::system_error when it cannot be made.
//
// Waiters are charged for what they do. Those who were charged least come first, so one that asks
// for little does not wait for those who ask for much, however many they are. Whoever was away
// comes back with a small advantage and no more: nobody saves up.
class Loop {
 public:
  using Clock = std::function<Instant()>;

  // Work of a turn, after which epoll is looked at again: a millisecond. And of one waiter, after
  // which it lets the others go on: 50 microseconds. One unit is about 100 nanoseconds.
  static constexpr std::uint64_t kWorkOfTurn = 8'192;
  static constexpr std::uint64_t kWorkOfWaiter = 512;
  // The advantage of whoever was away: more than others gain or lose in a turn of theirs.
  static constexpr std::uint64_t kCredit = 4 * kWorkOfWaiter;

  explicit Loop(Clock clock = BootClock::now);

  // When this turn began.
  Instant now() const noexcept { return now_; }

  // One turn: waits until something happens or a deadline comes, or not at all, and wakes whoever
  // is concerned. Answers whether that was anybody.
  enum class Wait : std::uint8_t { block, poll };
  bool turn(Wait wait);

  // For whoever turns the loop: whether somebody wants it to end.
  bool stopped() const noexcept { return stopped_; }
  void stop() noexcept { stopped_ = true; }

  // Called before every wait: the last chance to set deadlines. It must not throw.
  void before_wait(std::function<void()> hook) { before_wait_ = std::move(hook); }

  // For waiters: wake at a deadline (kNever: not), wake in the next turn, and neither.
  void set_deadline(Waiter& waiter, Instant deadline) noexcept;
  void wake_soon(Waiter& waiter) noexcept;

  // Charges a waiter for work that was done for it.
  void charge(Waiter& waiter, std::uint64_t work) noexcept {
    // Who is new comes before those who go on, and behind those who were away.
    if (waiter.account_ + waiter.owed_ == 0) waiter.owed_ = level_ - std::min(level_, kCredit / 2);
    waiter.work_of_turn_ += work;
    waiter.owed_ += work;
    work_of_turn_ += work;
  }
  // Whether it has used up its turn, and lets the others go on.
  static bool turn_is_over(const Waiter& waiter) noexcept {
    return waiter.work_of_turn_ >= kWorkOfWaiter;
  }

  // For Watch. Wakes for these events (epoll's) of a descriptor instead of those before, as long as
  // they last. Answers 0 or an errno.
  int watch(int descriptor, std::uint32_t events, Waiter& waiter) noexcept;
  void unwatch(int descriptor, Waiter& waiter) noexcept;

 private:
  struct Earlier {
    bool operator()(const Waiter& a, const Waiter& b) const noexcept { return a.filed_ < b.filed_; }
  };
  struct ChargedLess {
    bool operator()(const Waiter& a, const Waiter& b) const noexcept {
      return a.account_ < b.account_;
    }
  };
  using ReadySet =
      boost::intrusive::multiset<Waiter, boost::intrusive::base_hook<detail::ReadyHook>,
                                 boost::intrusive::compare<ChargedLess>,
                                 boost::intrusive::constant_time_size<false>>;
  using DeadlineSet =
      boost::intrusive::multiset<Waiter, boost::intrusive::base_hook<detail::DeadlineHook>,
                                 boost::intrusive::compare<Earlier>,
                                 boost::intrusive::constant_time_size<false>>;

  int milliseconds_to_wait(Wait wait) const noexcept;
  void file(Waiter& waiter) noexcept;
  void collect_due() noexcept;
  void wake_ready() noexcept;

  Clock clock_;
  Fd epoll_;
  Instant now_;
  ReadySet ready_;
  std::uint64_t work_of_turn_ = 0;
  // The account of the last that was woken: what those who keep asking have been charged.
  std::uint64_t level_ = 0;
  DeadlineSet deadlines_;
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
  void wake(bool timed_out) noexcept override {
    if (timed_out) due_();
  }

  Loop& loop_;
  std::function<void()> due_;
};

}  // namespace scache::io
