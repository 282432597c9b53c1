// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <optional>
#include <vector>

#include "base/rooms.hpp"

namespace scache::io {

// The credentials of the peer of a UNIX-domain socket when it connected (SO_PEERCRED). Nothing if
// the kernel has none.
std::optional<ucred> peer_credentials(int socket) noexcept;

// The supplementary groups of the peer (SO_PEERGROUPS).
std::vector<gid_t> peer_groups(int socket);

}  // namespace scache::io
