// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/epoll.h>

#include <algorithm>
#include <boost/intrusive/set.hpp>
#include <cstdint>
#include <functional>
#include <span>
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

// Waiter is an object that the loop wakes for an event or at a deadline. Its destructor removes it
// from every list, so that one waiter may destroy another at any time.
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
  // Its key in the set of deadlines, which may be earlier than its deadline: postponing a deadline
  // costs nothing, and an early key is corrected when it is due.
  Instant filed_ = kNever;
  // The epoll events of its descriptor; 0 if it is not watched.
  std::uint32_t watched_ = 0;
  bool timed_out_ = false;
  // The work since it was woken; the work that is not in the account yet; and the account, which
  // must not change while the waiter is in the ready set.
  std::uint64_t work_of_turn_ = 0;
  std::uint64_t owed_ = 0;
  std::uint64_t account_ = 0;
};

// EventTarget receives the events of descriptors that the loop watches without a waiter.
class EventTarget {
 public:
  // Called at the beginning of a turn. It may set deadlines; it must not change what is watched.
  virtual void receive_event(std::uint64_t key, std::uint32_t events) noexcept = 0;

 protected:
  ~EventTarget() = default;
};

// Loop is a level-triggered epoll loop for one thread. A turn has two phases: it collects the
// waiters whose events or deadlines have come, and then wakes ready waiters until the work of a
// turn is done. The constructor throws std::system_error.
//
// Waiters are charged for their work, and the one with the lowest account is woken first. So a
// waiter with little work does not wait for those with much, however many they are. A waiter that
// was idle returns with a limited credit: it cannot accumulate credit.
class Loop {
 public:
  using Clock = std::function<Instant()>;

  // The work of a turn, after which the loop polls epoll again: about a millisecond. The work of
  // one waiter, after which it yields: about 50 microseconds. One unit is about 100 nanoseconds.
  static constexpr std::uint64_t kWorkOfTurn = 8'192;
  static constexpr std::uint64_t kWorkOfWaiter = 512;
  // The credit of a waiter that was idle: more than the account of another changes in a turn.
  static constexpr std::uint64_t kCredit = 4 * kWorkOfWaiter;

  explicit Loop(Clock clock = BootClock::now);

  // The start of this turn.
  Instant now() const noexcept { return now_; }

  // One turn: waits for an event or a deadline (block), or does not wait (poll), and wakes the
  // waiters that are ready. Returns whether there were any.
  enum class Wait : std::uint8_t { block, poll };
  bool turn(Wait wait);

  // Whether stop() was called. The caller of turn() checks it.
  bool stopped() const noexcept { return stopped_; }
  void stop() noexcept { stopped_ = true; }

  // Sets a function that is called before every wait, and may set deadlines. It must not throw.
  void before_wait(std::function<void()> hook) { before_wait_ = std::move(hook); }

  // Wake a waiter at a deadline (kNever: no deadline), or in the next turn.
  void set_deadline(Waiter& waiter, Instant deadline) noexcept;
  void wake_soon(Waiter& waiter) noexcept;
  // Forgets that the waiter was to be woken in this turn or the next.
  static void forget(Waiter& waiter) noexcept { waiter.ReadyHook::unlink(); }

  // Charges a waiter for work.
  void charge(Waiter& waiter, std::uint64_t work) noexcept {
    // A new waiter comes before those that continue, and after those that were idle.
    if (waiter.account_ + waiter.owed_ == 0) waiter.owed_ = level_ - std::min(level_, kCredit / 2);
    waiter.work_of_turn_ += work;
    waiter.owed_ += work;
    work_of_turn_ += work;
  }
  // Whether the waiter has used up its turn and has to yield.
  static bool turn_is_over(const Waiter& waiter) noexcept {
    return waiter.work_of_turn_ >= kWorkOfWaiter;
  }

  // Descriptors without a waiter, of which there may be many. An event is reported once, with the
  // key, to the target of the loop; then watch_again() is necessary. Both return 0 or an errno. A
  // key has 63 bits. unwatch() comes before the descriptor is closed, because another process may
  // have a copy of it.
  void set_event_target(EventTarget* target) noexcept { target_ = target; }
  int watch_once(int descriptor, std::uint32_t events, std::uint64_t key) noexcept;
  int watch_again(int descriptor, std::uint32_t events, std::uint64_t key) noexcept;
  void unwatch(int descriptor) noexcept;

  // For Watch. Sets the epoll events of a descriptor for which the waiter is woken,
  // level-triggered. Returns 0 or an errno.
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

  bool collect(std::span<const epoll_event> events) noexcept;
  int milliseconds_to_wait(Wait wait) const noexcept;
  void file(Waiter& waiter) noexcept;
  void collect_due() noexcept;
  void wake_ready() noexcept;

  Clock clock_;
  Fd epoll_;
  Instant now_;
  ReadySet ready_;
  std::uint64_t work_of_turn_ = 0;
  // The highest account of a waiter that was woken: the level of waiters that were not idle.
  std::uint64_t level_ = 0;
  DeadlineSet deadlines_;
  std::function<void()> before_wait_;
  EventTarget* target_ = nullptr;
  bool stopped_ = false;
};

// Timer calls a function at its deadline. The function may set the timer again.
class Timer final : public Waiter {
 public:
  Timer(Loop& loop, std::function<void()> due) : loop_{loop}, due_{std::move(due)} {}
  ~Timer() = default;

  // kNever stops the timer.
  void set(Instant deadline) noexcept { loop_.set_deadline(*this, deadline); }

 private:
  void wake(bool timed_out) noexcept override {
    if (timed_out) due_();
  }

  Loop& loop_;
  std::function<void()> due_;
};

}  // namespace scache::io
