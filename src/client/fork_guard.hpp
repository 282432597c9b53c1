#pragma once

#include <mutex>
#include <string>

#include "base/clock.hpp"

namespace scache::client {

// A lock of the whole process that no other thread holds while one forks: what it guards is whole
// in the child too. Held for moments only.
std::unique_lock<std::mutex> lock_against_forks();

// Socket is a stream to a server. It is of the process that opened it: a child of fork() closes its
// copy before it does anything else, and then get() is -1. Thus no child holds a stream open, and
// none speaks on its parent's.
class Socket {
 public:
  Socket() = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(); }

  // Connects; answers 0 or an errno: EAGAIN where the server's backlog is full, and remains so
  // until the deadline, which may have passed already.
  int open(const std::string& path, Instant deadline) noexcept;
  void close() noexcept;

  // -1 where it is not open, or not of this process.
  int get() const noexcept;

 private:
  friend struct OpenSockets;

  int number_ = -1;
  int process_ = -1;
  Socket* before_ = nullptr;
  Socket* behind_ = nullptr;
};

}  // namespace scache::client
