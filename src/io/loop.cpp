// SPDX-License-Identifier: Apache-2.0
#include "io/loop.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <limits>
#include <system_error>

// Level-triggered, because recvmsg(2) stops at every descriptor: a short read does not mean that
// the socket is drained. Events are collected before waiters are woken: a waiter may destroy others
// that were reported in the same turn, and their hooks remove them from the set.

namespace scache::io {
namespace {

// The maximum number of events in a turn: the usual limit of clients, so that none is missed. epoll
// reports further events in the next turn.
constexpr std::size_t kEventsOfTurn = 512;

}  // namespace

Loop::Loop(Clock clock)
    : clock_{std::move(clock)}, epoll_{::epoll_create1(EPOLL_CLOEXEC)}, now_{clock_()} {
  if (!epoll_) throw std::system_error{errno, std::generic_category(), "epoll_create1"};
}

bool Loop::turn(Wait wait) {
  work_of_turn_ = 0;
  if (before_wait_) before_wait_();
  std::array<epoll_event, kEventsOfTurn> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                 milliseconds_to_wait(wait));
  now_ = clock_();
  for (int i = 0; i < count; ++i) {
    wake_soon(*static_cast<Waiter*>(events[static_cast<std::size_t>(i)].data.ptr));
  }
  collect_due();
  const bool is_anybody_ready = !ready_.empty();
  wake_ready();
  return is_anybody_ready;
}

void Loop::wake_ready() noexcept {
  // Waiters that become ready from here on are woken in the next turn.
  ReadySet current;
  current.swap(ready_);
  while (!current.empty() && work_of_turn_ < kWorkOfTurn) {
    Waiter& waiter = *current.begin();
    current.erase(current.begin());
    level_ = std::max(level_, waiter.account_);
    waiter.work_of_turn_ = 0;
    waiter.wake(std::exchange(waiter.timed_out_, false));
  }
  // Merge the waiters that became ready in the meantime, which are few, into the rest.
  current.swap(ready_);
  while (!current.empty()) {
    Waiter& waiter = *current.begin();
    current.erase(current.begin());
    ready_.insert(waiter);
  }
}

void Loop::set_deadline(Waiter& waiter, Instant deadline) noexcept {
  waiter.deadline_ = deadline;
  waiter.timed_out_ = false;
  if (waiter.DeadlineHook::is_linked() && waiter.filed_ <= deadline) return;
  waiter.DeadlineHook::unlink();
  file(waiter);
}

void Loop::file(Waiter& waiter) noexcept {
  waiter.filed_ = waiter.deadline_;
  // A new deadline is nearly always the latest, so the hint saves the search.
  if (waiter.filed_ != kNever) deadlines_.insert(deadlines_.end(), waiter);
}

void Loop::wake_soon(Waiter& waiter) noexcept {
  if (waiter.ReadyHook::is_linked()) return;
  waiter.account_ += std::exchange(waiter.owed_, 0);
  // A waiter that was never charged does not serve a client.
  if (waiter.account_ > 0) {
    waiter.account_ = std::max(waiter.account_, level_ - std::min(level_, kCredit));
  }
  ready_.insert(waiter);
}

int Loop::watch(int descriptor, std::uint32_t events, Waiter& waiter) noexcept {
  if (waiter.watched_ == events) return 0;
  epoll_event event{};
  event.events = events;
  event.data.ptr = &waiter;
  const int operation = waiter.watched_ != 0 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (::epoll_ctl(epoll_.get(), operation, descriptor, &event) != 0) return errno;
  waiter.watched_ = events;
  return 0;
}

void Loop::unwatch(int descriptor, Waiter& waiter) noexcept {
  if (std::exchange(waiter.watched_, 0) == 0) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

int Loop::milliseconds_to_wait(Wait wait) const noexcept {
  if (wait == Wait::poll || !ready_.empty()) return 0;
  if (deadlines_.empty()) return -1;
  // Rounded up: a turn just before the deadline would have nothing to do.
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadlines_.begin()->filed_ - clock_());
  return static_cast<int>(
      std::clamp<std::int64_t>(left.count(), 0, std::numeric_limits<int>::max()));
}

void Loop::collect_due() noexcept {
  while (!deadlines_.empty() && deadlines_.begin()->filed_ <= now_) {
    Waiter& waiter = *deadlines_.begin();
    waiter.DeadlineHook::unlink();
    if (waiter.deadline_ > now_) {
      file(waiter);
      continue;
    }
    waiter.deadline_ = kNever;
    waiter.timed_out_ = true;
    wake_soon(waiter);
  }
}

}  // namespace scache::io
