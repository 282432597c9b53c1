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
//
// Cached connections are members of the same epoll set, and not of a second set that is a member of
// this one: EPOLL_CTL_ADD to a nested set takes a mutex of the whole system (epnested_mutex), which
// any process can hold as long as it likes (docs/decisions/dead-connections.md).

namespace scache::io {
namespace {

// The maximum number of events of an epoll_wait(2): the usual limit of clients, so that none is
// missed. epoll reports further events in the next turn.
constexpr std::size_t kEventsOfWait = 512;

// epoll reports events in the order in which they occur, so events without a waiter may precede
// those of clients. While there are such events, a turn collects up to this number of times. Each
// is reported once, and costs about a tenth of a microsecond.
constexpr unsigned kMaxWaitsOfTurn = 64;

// The data of an epoll event is a Waiter*, whose lowest bit is 0, or a key with the lowest bit 1.
constexpr std::uint64_t kIsKey = 1;

std::uint64_t data_of(std::uint64_t key) noexcept {
  return key << 1 | kIsKey;
}

}  // namespace

Loop::Loop(Clock clock)
    : clock_{std::move(clock)}, epoll_{::epoll_create1(EPOLL_CLOEXEC)}, now_{clock_()} {
  if (!epoll_) throw std::system_error{errno, std::generic_category(), "epoll_create1"};
}

bool Loop::turn(Wait wait) {
  work_of_turn_ = 0;
  if (before_wait_) before_wait_();
  std::array<epoll_event, kEventsOfWait> events;
  int milliseconds = milliseconds_to_wait(wait);
  for (unsigned waits = 0; waits < kMaxWaitsOfTurn; ++waits) {
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), milliseconds);
    if (waits == 0) now_ = clock_();
    if (count <= 0) break;
    const auto size = static_cast<std::size_t>(count);
    if (!collect(std::span{events}.first(size)) || size < events.size()) break;
    milliseconds = 0;
  }
  collect_due();
  const bool is_anybody_ready = !ready_.empty();
  wake_ready();
  return is_anybody_ready;
}

// Returns whether there was an event without a waiter.
bool Loop::collect(std::span<const epoll_event> events) noexcept {
  bool had_key = false;
  for (const epoll_event& event : events) {
    if ((event.data.u64 & kIsKey) == 0) {
      wake_soon(*static_cast<Waiter*>(event.data.ptr));
      continue;
    }
    had_key = true;
    if (target_ != nullptr) target_->receive_event(event.data.u64 >> 1, event.events);
  }
  return had_key;
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
  if (std::exchange(waiter.watched_, 0) != 0) unwatch(descriptor);
}

int Loop::watch_once(int descriptor, std::uint32_t events, std::uint64_t key) noexcept {
  epoll_event event{};
  event.events = events | EPOLLONESHOT;
  event.data.u64 = data_of(key);
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : errno;
}

int Loop::watch_again(int descriptor, std::uint32_t events, std::uint64_t key) noexcept {
  epoll_event event{};
  event.events = events | EPOLLONESHOT;
  event.data.u64 = data_of(key);
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event) == 0 ? 0 : errno;
}

void Loop::unwatch(int descriptor) noexcept {
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
