// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/epoll.h>

#include <coroutine>
#include <cstdint>

#include "base/rooms.hpp"
#include "io/loop.hpp"

namespace scache::io {

enum class Ready : std::uint8_t { yes, timed_out };

// Watch lets one coroutine wait for one descriptor, which it borrows. It keeps the epoll interest
// between waits, so that another wait for the same event costs no system call.
class Watch final : public Waiter {
 public:
  Watch(Loop& loop, int descriptor) noexcept : loop_{loop}, descriptor_{descriptor} {}
  ~Watch();

  class Awaiter {
   public:
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
      watch_.wait(events_, deadline_, waiting);
    }
    Ready await_resume() const noexcept {
      return watch_.timed_out_ ? Ready::timed_out : Ready::yes;
    }

   private:
    friend class Watch;
    Awaiter(Watch& watch, std::uint32_t events, Instant deadline) noexcept
        : watch_{watch}, events_{events}, deadline_{deadline} {}

    Watch& watch_;
    std::uint32_t events_;
    Instant deadline_;
  };

  // Wait until the descriptor is readable or writable, the peer hangs up, or the deadline comes.
  // Wake-ups may be spurious.
  Awaiter readable(Instant deadline = kNever) noexcept;
  Awaiter writable(Instant deadline = kNever) noexcept;
  // Yield to the other waiters that are ready; wait until the deadline and ignore events.
  Awaiter others() noexcept { return {*this, kSoon, kNever}; }
  Awaiter pause(Instant deadline) noexcept { return {*this, 0, deadline}; }

  // See Loop.
  void charge(std::uint64_t work) noexcept { loop_.charge(*this, work); }
  bool turn_is_over() const noexcept { return Loop::turn_is_over(*this); }
  // Whether a coroutine waits for input from the peer; whether it waits for the peer at all.
  bool awaits_input() const noexcept { return waiting_ && wanted_ == EPOLLIN; }
  bool awaits_peer() const noexcept { return waiting_ && wanted_ != kSoon; }

 private:
  // Not an epoll event: wake in the next turn.
  static constexpr std::uint32_t kSoon = ~std::uint32_t{0};

  void wait(std::uint32_t events, Instant deadline, std::coroutine_handle<> waiting);
  void wake(bool timed_out) noexcept override;

  Loop& loop_;
  int descriptor_;
  bool timed_out_ = false;
  std::uint32_t wanted_ = 0;
  std::coroutine_handle<> waiting_;
};

}  // namespace scache::io
