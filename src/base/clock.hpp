// SPDX-License-Identifier: Apache-2.0
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

// A point in time of the BootClock. Only the servers read the clock; everything below takes the
// time as a parameter.
using Instant = BootClock::time_point;
using Duration = BootClock::duration;

// "No deadline": later than every Instant.
inline constexpr Instant kNever = Instant::max();

// The Instant `wait` after `now`; kNever if the sum overflows.
constexpr Instant after(Instant now, Duration wait) noexcept {
  return wait > kNever - now ? kNever : now + wait;
}

// The time from `now` to `deadline`; zero if it has passed.
constexpr Duration left_until(Instant deadline, Instant now) noexcept {
  return deadline > now ? deadline - now : Duration{0};
}

}  // namespace scache::base
