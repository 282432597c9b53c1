// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <time.h>

#include <atomic>

#include "support/rooms.hpp"

// For programs linked with --wrap=timer_settime.

namespace scache::test {

// While it exists, no signal interrupts the closer's thread, as if a file system hung.
class HangingClose {
 public:
  HangingClose() { is_there = true; }
  ~HangingClose() { is_there = false; }
  HangingClose(const HangingClose&) = delete;
  HangingClose& operator=(const HangingClose&) = delete;

  // That thread reads it, too.
  static inline std::atomic<bool> is_there = false;
};

}  // namespace scache::test

extern "C" int __real_timer_settime(timer_t, int, const itimerspec*, itimerspec*);
extern "C" [[gnu::used]] inline int __wrap_timer_settime(timer_t timer, int flags,
                                                         const itimerspec* time,
                                                         itimerspec* before) {
  if (scache::test::HangingClose::is_there) return 0;
  return __real_timer_settime(timer, flags, time, before);
}
