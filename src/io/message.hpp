#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/fd.hpp"

namespace scache::io {

// Where descriptors go that came beyond the one that is wanted. Closing may block: whoever cannot
// wait has them closed elsewhere.
class Surplus {
 public:
  virtual void close_surplus(Fd fd) noexcept = 0;

 protected:
  ~Surplus() = default;
};

// What one recvmsg brought.
struct Received {
  enum class Kind : std::uint8_t { bytes, end, nothing_yet, failed };

  Kind kind = Kind::failed;
  // How many bytes, when there are some.
  std::size_t size = 0;
  // The descriptor that came with the last of these bytes, close-on-exec.
  Fd fd;
  // More than one descriptor came, or there was no room for it: all that came are closed.
  bool descriptors_lost = false;
  // There was no room for it.
  bool truncated = false;
  // When it failed: errno.
  int error = 0;
};

// To be called before the first receive().
void put_out_of_band_in_line(int socket) noexcept;

// Whether receive() waits: not at all, or as long as the socket's SO_RCVTIMEO allows. A signal ends
// a wait, too.
enum class WhenEmpty : std::uint8_t { answer, wait };

// Receives bytes, and at most one descriptor, from a UNIX stream socket. What comes beyond one
// descriptor is left to `surplus`.
Received receive(int socket, std::span<char> into, Surplus& surplus,
                 WhenEmpty when_empty = WhenEmpty::answer) noexcept;

// The same for who must not lose the descriptor: where this process has no number for it, it is
// failed with EMFILE, and all that has come stays in the socket. Costs a second system call.
Received receive_if_room(int socket, std::span<char> into, Surplus& surplus,
                         WhenEmpty when_empty = WhenEmpty::answer) noexcept;

// What a send took: the number of bytes, or an errno.
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
