// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/fd.hpp"

namespace scache::io {

// Surplus closes the descriptors of a message beyond the first. close(2) may block: a server closes
// them in another thread.
class Surplus {
 public:
  virtual void close_surplus(Fd fd) noexcept = 0;

 protected:
  ~Surplus() = default;
};

// The result of one recvmsg(2).
struct Received {
  enum class Kind : std::uint8_t { bytes, end, nothing_yet, failed };

  Kind kind = Kind::failed;
  // The number of bytes.
  std::size_t size = 0;
  // The descriptor that came with the last of these bytes, close-on-exec.
  Fd fd;
  // More than one descriptor came, or the process had no room for them: all of them are closed.
  bool descriptors_lost = false;
  // The process had no room for a descriptor.
  bool truncated = false;
  // The errno, if it failed.
  int error = 0;
};

// Call this before the first receive().
void put_out_of_band_in_line(int socket) noexcept;

// Whether receive() returns at once if the socket is empty, or waits up to the socket's
// SO_RCVTIMEO. A signal also ends the wait.
enum class WhenEmpty : std::uint8_t { answer, wait };

// Receives bytes, and at most one descriptor, from a UNIX stream socket. `surplus` closes the
// descriptors of a message with more than one.
Received receive(int socket, std::span<char> into, Surplus& surplus,
                 WhenEmpty when_empty = WhenEmpty::answer) noexcept;

// The same, but loses no descriptor: if the process has no free number for it, fails with EMFILE
// and leaves the message in the socket. Takes a second system call.
Received receive_if_room(int socket, std::span<char> into, Surplus& surplus,
                         WhenEmpty when_empty = WhenEmpty::answer) noexcept;

// The result of a send: the number of bytes, or an errno.
struct Sent {
  std::size_t size = 0;
  int error = 0;

  bool must_wait() const noexcept;
};

// Sends bytes, and with the first of them a copy of `descriptor`; never blocks, never raises
// SIGPIPE. The caller keeps the descriptor.
Sent send(int socket, std::string_view bytes) noexcept;
Sent send(int socket, std::string_view bytes, int descriptor) noexcept;

}  // namespace scache::io
