#pragma once

#include "base/fd.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// A socket option of SOL_SOCKET that is a number; -1 for what is no socket.
int socket_option(int descriptor, int name) noexcept;

// Whether a descriptor is a stream socket, one that listens or one that does not.
bool is_stream_socket(int descriptor, bool listening) noexcept;

// AF_UNIX and the like; -1 for what is no socket.
int socket_family(int descriptor) noexcept;

// False where a stream socket of TCP or of the UNIX domain cannot be written to: it is not
// connected, this side has shut it down, or the peer of a local one reads no more. Nothing is sent.
// The question waits for the lock of a TCP socket, which whoever shares the socket can hold.
bool is_open_for_sending(int descriptor) noexcept;
// True where the program itself made a stream socket useless: it never connected it, or shut it
// down for sending. A peer may leave at any time, which is nobody's mistake. Waits as the above.
bool is_unusable_by_mistake(int descriptor) noexcept;

// Takes possession of an inherited descriptor: close-on-exec.
Fd adopt_inherited_fd(int descriptor) noexcept;
// And of a listening socket, which must not block: a client may be gone before it is accepted.
Fd adopt_listening(int descriptor) noexcept;

}  // namespace scache::base
