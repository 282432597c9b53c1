// SPDX-License-Identifier: Apache-2.0
#include "server/access.hpp"

#include <algorithm>
#include <utility>

namespace scache::server {

Access::Access(uid_t own, std::vector<uid_t> users, std::vector<gid_t> groups,
               const OverflowIds& overflow)
    : users_{std::move(users)}, groups_{std::move(groups)} {
  users_.push_back(own);
  if (overflow.user) std::erase(users_, *overflow.user);
  if (overflow.group) std::erase(groups_, *overflow.group);
  users_.push_back(0);
}

bool Access::admits(const ucred& who, std::span<const gid_t> groups) const noexcept {
  const auto is_named = [this](gid_t group) {
    return std::ranges::find(groups_, group) != groups_.end();
  };
  return std::ranges::find(users_, who.uid) != users_.end() || is_named(who.gid) ||
         std::ranges::any_of(groups, is_named);
}

}  // namespace scache::server
