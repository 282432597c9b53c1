#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <span>
#include <vector>

#include "base/user_namespace.hpp"

namespace scache::server {

// Access says which users of the machine a server talks to: its own, root, and those that are named
// to it, by themselves or by a group of theirs. Pure: who somebody is, the kernel tells (io/peer).
class Access {
 public:
  // `own` is the user that the server runs as. The overflow ids are anybody's: they are not
  // admitted, whether named or the server's own.
  explicit Access(uid_t own, std::vector<uid_t> users = {}, std::vector<gid_t> groups = {},
                  const OverflowIds& overflow = {});

  // `who` is asked for its user and its group, `groups` are the others that it is in.
  bool admits(const ucred& who, std::span<const gid_t> groups) const noexcept;
  // Whether the other groups make a difference to anybody.
  bool asks_for_groups() const noexcept { return !groups_.empty(); }

 private:
  std::vector<uid_t> users_;
  std::vector<gid_t> groups_;
};

}  // namespace scache::server
