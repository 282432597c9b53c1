// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <memory>
#include <span>
#include <vector>

#include "base/user_namespace.hpp"
#include "server/rights.hpp"

namespace scache::server {

// Access decides which users a server serves, and what they may do. Its own user, root, and the
// configured users and members of groups may do everything; a grant gives single rights. The kernel
// supplies a client's credentials (io/peer).
class Access {
 public:
  // `own` is the user that the server runs as. Overflow ids stand for every unmapped user: they are
  // never admitted, not even if configured or the server's own.
  explicit Access(uid_t own, std::vector<uid_t> users = {}, std::vector<gid_t> groups = {},
                  const OverflowIds& overflow = {}, std::vector<Grant> grants = {});

  // `who` has the client's user and primary group, `groups` its supplementary groups. A client
  // without rights is not admitted. Throws std::bad_alloc.
  Rights rights_of(const ucred& who, std::span<const gid_t> groups) const;
  // Whether rights_of() needs the supplementary groups.
  bool asks_for_groups() const noexcept { return asks_for_groups_; }

 private:
  std::vector<uid_t> users_;
  std::vector<gid_t> groups_;
  std::vector<std::shared_ptr<const Grant>> grants_;
  bool asks_for_groups_ = false;
};

}  // namespace scache::server
