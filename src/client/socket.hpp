// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.hpp"
#include "client/fork_guard.hpp"

namespace scache::client {

// Socket is a stream to a server. It belongs to the process that opened it: a child closes its
// parent's streams and never uses them.
class Socket {
 public:
  // Connects. Returns 0 or an errno, EAGAIN if the server's backlog stays full until the deadline.
  // The deadline may have passed already.
  int open(const std::string& path, Instant deadline) noexcept;
  void close() noexcept { descriptor_.close(); }

  // Lets the next receives wait for less than `left`: the kernel ends such a wait up to an eighth
  // late (timers of a coarse wheel). Returns false if it cannot, or if little time is left: then a
  // receive must not block.
  bool limit_receive(Duration left) noexcept;

  // -1 if the socket is not open, or belongs to another process.
  int get() const noexcept { return descriptor_.get(); }

 private:
  ProcessFd descriptor_;
  // The value of SO_RCVTIMEO; zero if it is not set.
  Duration receive_limit_{0};
};

}  // namespace scache::client
