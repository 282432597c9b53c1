// SPDX-License-Identifier: Apache-2.0
#include "io/peer.hpp"

#include <cerrno>

namespace scache::io {

std::optional<ucred> peer_credentials(int socket) noexcept {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return std::nullopt;
  // The kernel returns these credentials for unconnected sockets.
  if (who.uid == static_cast<uid_t>(-1)) return std::nullopt;
  return who;
}

std::vector<gid_t> peer_groups(int socket) {
  std::vector<gid_t> groups(32);
  for (;;) {
    auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const int status = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
    const std::size_t count = size / sizeof(gid_t);
    if (status != 0 && errno == ERANGE && count > groups.size()) {
      groups.resize(count);
      continue;
    }
    groups.resize(status == 0 ? count : 0);
    return groups;
  }
}

}  // namespace scache::io
