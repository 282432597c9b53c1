#pragma once

#include <pthread.h>

// For programs that are linked with --wrap=pthread_kill.

namespace scache::test {

// While it lives, nothing interrupts the closer's thread, as where a file system hangs.
class HangingClose {
 public:
  HangingClose() { is_there = true; }
  ~HangingClose() { is_there = false; }
  HangingClose(const HangingClose&) = delete;
  HangingClose& operator=(const HangingClose&) = delete;

  static inline bool is_there = false;
};

}  // namespace scache::test

extern "C" int __real_pthread_kill(pthread_t thread, int signal);
extern "C" [[gnu::used]] inline int __wrap_pthread_kill(pthread_t thread, int signal) {
  return scache::test::HangingClose::is_there ? 0 : __real_pthread_kill(thread, signal);
}
