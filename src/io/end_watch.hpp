// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/rooms.hpp"
#include "io/loop.hpp"
#include "io/task.hpp"
#include "io/watch.hpp"

namespace scache::io {

// EndWatch calls a function at the end of file of a descriptor, which it borrows. It reads and
// discards input. Throws std::system_error if it cannot watch the descriptor.
class EndWatch {
 public:
  EndWatch(Loop& loop, int descriptor, std::function<void()> gone);

 private:
  Task<> watch();

  int descriptor_;
  std::function<void()> gone_;
  Watch watch_;
  Task<> task_;
};

}  // namespace scache::io
