// SPDX-License-Identifier: Apache-2.0
#include "server/caller.hpp"

#include <vector>

#include "io/peer.hpp"

namespace scache::server {

Caller Caller::of(int socket, const ListenPolicy& policy) {
  Caller caller{.policy = policy};
  if (const auto credentials = peer_credentials(socket)) {
    caller.user = credentials->uid;
    caller.group = credentials->gid;
  }
  if (!policy.access) return caller;
  if (caller.user == kNobody) {
    caller.rights = {};
    return caller;
  }
  const ucred credentials{.pid = 0, .uid = caller.user, .gid = caller.group};
  const std::vector<gid_t> groups =
      policy.access->asks_for_groups() ? peer_groups(socket) : std::vector<gid_t>{};
  caller.rights = policy.access->rights_of(credentials, groups);
  return caller;
}

}  // namespace scache::server
