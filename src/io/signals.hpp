#pragma once

#include <signal.h>

#include <functional>
#include <initializer_list>

#include "base/fd.hpp"
#include "io/loop.hpp"
#include "io/task.hpp"
#include "io/watch.hpp"

namespace scache::io {

// Signals brings signals into the loop: while it lives they are blocked, and a function is called
// with the number of each that comes. Throws std::system_error.
class Signals {
 public:
  Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> came);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  Task<> watch();

  sigset_t set_;
  std::function<void(int)> came_;
  Fd descriptor_;
  Watch watch_;
  Task<> task_;
};

// Ends this process by `number`, as if nobody had caught the signal.
[[noreturn]] void die_of(int number) noexcept;

}  // namespace scache::io
