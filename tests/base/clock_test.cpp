// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace scache::base {
namespace {

Instant boot_time() {
  timespec spec{};
  ::clock_gettime(CLOCK_BOOTTIME, &spec);
  return Instant{std::chrono::seconds{spec.tv_sec} + std::chrono::nanoseconds{spec.tv_nsec}};
}

TEST(ClockTest, IsTheKernelsBootTime) {
  const Instant before = boot_time();
  const Instant now = BootClock::now();
  const Instant afterwards = boot_time();
  EXPECT_LE(before, now);
  EXPECT_LE(now, afterwards);
}

TEST(ClockTest, AfterAdds) {
  constexpr Instant now{std::chrono::seconds{5}};
  static_assert(after(now, std::chrono::seconds{2}) == Instant{std::chrono::seconds{7}});
  static_assert(after(now, Duration{0}) == now);
}

TEST(ClockTest, AfterEndsAtNever) {
  constexpr Instant now{std::chrono::seconds{5}};
  static_assert(after(now, kNever - now) == kNever);
  static_assert(after(now, kNever - now - Duration{1}) == kNever - Duration{1});
  static_assert(after(now, Duration::max()) == kNever);
  static_assert(after(kNever, Duration{1}) == kNever);
}

TEST(ClockTest, NothingIsLeftOfWhatHasPassed) {
  constexpr Instant now{std::chrono::seconds{5}};
  static_assert(left_until(now + Duration{2}, now) == Duration{2});
  static_assert(left_until(now, now) == Duration{0});
  static_assert(left_until(Instant::min(), now) == Duration{0});
  static_assert(left_until(kNever, now) == kNever - now);
}

}  // namespace
}  // namespace scache::base
