// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <scache/result.hpp>
#include <string>

// The path of the server's socket. Included by scache/client.hpp and scache/async_client.hpp.

namespace scache {
inline namespace v0 {

// The default path of scached's socket: $SCACHE_SOCKET; else $XDG_RUNTIME_DIR/scache/scached.sock;
// else, and for root, /run/scache/scached.sock.
SCACHE_API std::string default_socket_path();

}  // namespace v0
}  // namespace scache
