// SPDX-License-Identifier: Apache-2.0
#include "server/access.hpp"

#include <algorithm>
#include <utility>

namespace scache::server {
namespace {

bool has(const std::vector<uid_t>& users, const std::vector<gid_t>& named, const ucred& who,
         std::span<const gid_t> groups) noexcept {
  const auto is_named = [&](gid_t group) { return std::ranges::find(named, group) != named.end(); };
  return std::ranges::find(users, who.uid) != users.end() || is_named(who.gid) ||
         std::ranges::any_of(groups, is_named);
}

void remove(const OverflowIds& overflow, std::vector<uid_t>& users, std::vector<gid_t>& groups) {
  if (overflow.user) std::erase(users, *overflow.user);
  if (overflow.group) std::erase(groups, *overflow.group);
}

}  // namespace

Access::Access(uid_t own, std::vector<uid_t> users, std::vector<gid_t> groups,
               const OverflowIds& overflow, std::vector<Grant> grants)
    : users_{std::move(users)}, groups_{std::move(groups)} {
  users_.push_back(own);
  remove(overflow, users_, groups_);
  users_.push_back(0);
  asks_for_groups_ = !groups_.empty();
  for (Grant& grant : grants) {
    remove(overflow, grant.users, grant.groups);
    asks_for_groups_ = asks_for_groups_ || !grant.groups.empty();
    grants_.push_back(std::make_shared<const Grant>(std::move(grant)));
  }
}

Rights Access::rights_of(const ucred& who, std::span<const gid_t> groups) const {
  if (has(users_, groups_, who, groups)) return Rights::all();
  Rights rights;
  for (const auto& grant : grants_) {
    if (has(grant->users, grant->groups, who, groups)) rights.add(grant);
  }
  return rights;
}

}  // namespace scache::server
