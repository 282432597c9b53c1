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

  // Lets a receive wait so long, and a hundredth longer at the most. False where nothing limits it:
  // then it must not wait.
  bool limit_receive(Duration left) noexcept;

  // -1 where it is not open, or not of this process.
  int get() const noexcept { return descriptor_.get(); }

 private:
  ProcessFd descriptor_;
  // SO_RCVTIMEO, or zero where that is not set.
  Duration receive_limit_{0};
};

}  // namespace scache::client
