#pragma once

#include <functional>

#include "base/rooms.hpp"
#include "io/loop.hpp"
#include "io/task.hpp"
#include "io/watch.hpp"

namespace scache::io {

// EndWatch calls a function when the other end of a descriptor has gone. It borrows the descriptor;
// whatever comes over it is read and dropped. Throws std::system_error when it cannot watch it.
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
