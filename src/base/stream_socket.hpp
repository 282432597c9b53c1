// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/fd.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// The value of an integer option of SOL_SOCKET; -1 if the descriptor is not a socket.
int socket_option(int descriptor, int name) noexcept;

// Whether a descriptor is a stream socket that listens, or one that does not.
bool is_stream_socket(int descriptor, bool listening) noexcept;

// The address family, such as AF_UNIX; -1 if the descriptor is not a socket.
int socket_family(int descriptor) noexcept;

// Returns false if a write to a TCP or UNIX-domain stream socket would fail: the socket is not
// connected, this side has shut it down, or the peer of a UNIX-domain socket has stopped reading.
// Sends nothing. Waits for the lock of a TCP socket, which a process that shares it can hold.
bool is_open_for_sending(int descriptor) noexcept;
// Returns true if this program made a stream socket unusable: it never connected the socket, or
// shut it down for sending. A socket that its peer has closed does not count. Waits as the above.
bool is_unusable_by_mistake(int descriptor) noexcept;

// Takes ownership of an inherited descriptor, and makes it close-on-exec.
Fd adopt_inherited_fd(int descriptor) noexcept;
// The same for a listening socket, which becomes non-blocking: a client may leave before accept(2).
Fd adopt_listening(int descriptor) noexcept;

}  // namespace scache::base
