// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include <functional>
#include <initializer_list>

#include "base/fd.hpp"
#include "io/loop.hpp"
#include "io/task.hpp"
#include "io/watch.hpp"

namespace scache::io {

// Signals handles signals in the loop. It blocks them, and calls a function with the number of each
// signal that arrives. Throws std::system_error.
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

// Ends this process by the default action of the signal.
[[noreturn]] void die_of(int number) noexcept;

}  // namespace scache::io
