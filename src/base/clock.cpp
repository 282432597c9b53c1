// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"

#include <ctime>

namespace scache::base {

BootClock::time_point BootClock::now() noexcept {
  timespec spec{};
  ::clock_gettime(CLOCK_BOOTTIME, &spec);
  return time_point{std::chrono::seconds{spec.tv_sec} + duration{spec.tv_nsec}};
}

}  // namespace scache::base
