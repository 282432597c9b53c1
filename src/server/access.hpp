// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <span>
#include <vector>

#include "base/user_namespace.hpp"

namespace scache::server {

// Access decides which users a server serves: its own user, root, and the configured users and
// members of groups. The kernel supplies a client's credentials (io/peer).
class Access {
 public:
  // `own` is the user that the server runs as. Overflow ids stand for every unmapped user: they are
  // never admitted, not even if configured or the server's own.
  explicit Access(uid_t own, std::vector<uid_t> users = {}, std::vector<gid_t> groups = {},
                  const OverflowIds& overflow = {});

  // `who` has the client's user and primary group, `groups` its supplementary groups.
  bool admits(const ucred& who, std::span<const gid_t> groups) const noexcept;
  // Whether admits() needs the supplementary groups.
  bool asks_for_groups() const noexcept { return !groups_.empty(); }

 private:
  std::vector<uid_t> users_;
  std::vector<gid_t> groups_;
};

}  // namespace scache::server
