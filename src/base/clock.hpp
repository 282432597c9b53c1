#pragma once

#include <chrono>

#include "base/rooms.hpp"

namespace scache::base {

// BootClock never jumps and goes on while the machine is suspended (CLOCK_BOOTTIME).
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;

  static time_point now() noexcept;
};

// A moment of the BootClock. Everything below the servers is given the moment; nothing asks.
using Instant = BootClock::time_point;
using Duration = BootClock::duration;

// "No deadline": later than every moment.
inline constexpr Instant kNever = Instant::max();

// The moment `wait` after `now`; kNever where the sum would not fit.
constexpr Instant after(Instant now, Duration wait) noexcept {
  return wait > kNever - now ? kNever : now + wait;
}

// How long `deadline` is from `now`; nothing once it has passed, however long ago.
constexpr Duration left_until(Instant deadline, Instant now) noexcept {
  return deadline > now ? deadline - now : Duration{0};
}

}  // namespace scache::base
