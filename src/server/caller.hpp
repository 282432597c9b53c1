// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include "base/rooms.hpp"
#include "io/closer.hpp"
#include "server/listen_policy.hpp"
#include "server/rights.hpp"

namespace scache::server {

// Caller is the client that makes a request: its credentials at its connect(2), which the kernel
// reports, and the policy of the socket that it has connected to, which must outlive the caller.
struct Caller {
  // If the kernel does not report the credentials. No user and no group has this id.
  static constexpr uid_t kNobody = Closer::kNobody;
  static constexpr gid_t kNoGroup = static_cast<gid_t>(-1);

  const ListenPolicy& policy;
  uid_t user = kNobody;
  gid_t group = kNoGroup;
  // What the policy lets it do. They do not change until the client disconnects.
  Rights rights = Rights::all();

  // The peer of a connected socket. Throws std::bad_alloc.
  static Caller of(int socket, const ListenPolicy& policy);

  // Whether the policy admits the caller.
  bool has_access() const noexcept { return !rights.none(); }
};

}  // namespace scache::server
