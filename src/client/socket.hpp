#pragma once

#include <string>

#include "base/clock.hpp"
#include "client/fork_guard.hpp"

namespace scache::client {

// Socket is a stream to a server, and of the process that opened it: no child holds a stream of its
// parent open, and none speaks on it.
class Socket {
 public:
  // Connects; answers 0 or an errno: EAGAIN where the server's backlog is full, and remains so
  // until the deadline, which may have passed already.
  int open(const std::string& path, Instant deadline) noexcept;
  void close() noexcept { descriptor_.close(); }

  // -1 where it is not open, or not of this process.
  int get() const noexcept { return descriptor_.get(); }

 private:
  ProcessFd descriptor_;
};

}  // namespace scache::client
