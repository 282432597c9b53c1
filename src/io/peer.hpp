#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <optional>
#include <vector>

#include "base/rooms.hpp"

namespace scache::io {

// Who is at the other end of a connected UNIX-domain socket, as the kernel saw it when it
// connected. Nothing where the kernel does not say.
std::optional<ucred> peer_credentials(int socket) noexcept;

// The groups that it was in beside its own.
std::vector<gid_t> peer_groups(int socket);

}  // namespace scache::io
