// SPDX-License-Identifier: Apache-2.0
#include "server/caller.hpp"

#include "io/peer.hpp"

namespace scache::server {

Caller Caller::of(int socket, const ListenPolicy& policy) {
  Caller caller{.policy = policy};
  if (const auto credentials = peer_credentials(socket)) {
    caller.user = credentials->uid;
    caller.group = credentials->gid;
  }
  if (policy.access && policy.access->asks_for_groups()) caller.groups = peer_groups(socket);
  return caller;
}

bool Caller::has_access() const noexcept {
  if (!policy.access) return true;
  const ucred credentials{.pid = 0, .uid = user, .gid = group};
  return user != kNobody && policy.access->admits(credentials, groups);
}

}  // namespace scache::server
