#pragma once

#include <sys/epoll.h>

#include <coroutine>
#include <cstdint>

#include "base/rooms.hpp"
#include "io/loop.hpp"

namespace scache::io {

enum class Ready : std::uint8_t { yes, timed_out };

// Watch lets one coroutine wait for one descriptor, which it borrows. The last interest is kept
// where it can be, so that waiting for the same thing again costs no system call.
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

  // Until a read or a write will not block, the peer is gone, or the deadline has come. A caller
  // that finds nothing to do all the same waits again.
  Awaiter readable(Instant deadline = kNever) noexcept;
  Awaiter writable(Instant deadline = kNever) noexcept;
  // Until the others that are ready have had their turn; until the deadline, whatever happens.
  Awaiter others() noexcept { return {*this, kSoon, kNever}; }
  Awaiter pause(Instant deadline) noexcept { return {*this, 0, deadline}; }

  // As Loop's.
  void charge(std::uint64_t work) noexcept { loop_.charge(*this, work); }
  bool turn_is_over() const noexcept { return Loop::turn_is_over(*this); }
  // Whether a coroutine waits for its peer to send something; to send, or to take what it is sent.
  bool awaits_input() const noexcept { return waiting_ && wanted_ == EPOLLIN; }
  bool awaits_peer() const noexcept { return waiting_ && wanted_ != kSoon; }

 private:
  // Not an event of epoll's: wake in the next turn.
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
