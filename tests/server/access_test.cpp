// SPDX-License-Identifier: Apache-2.0
#include "server/access.hpp"

#include <gtest/gtest.h>

#include <array>
#include <span>

namespace scache::server {
namespace {

constexpr uid_t kOwn = 500;
constexpr std::array<gid_t, 2> kOthers{70, 71};

ucred who(uid_t user, gid_t group = 9) {
  return {.pid = 1, .uid = user, .gid = group};
}

bool admits(const Access& access, const ucred& client, std::span<const gid_t> groups) {
  return !access.rights_of(client, groups).none();
}

TEST(Access, IsItsOwnUsersAndRootsWhateverIsNamed) {
  for (const Access& access : {Access{kOwn}, Access{kOwn, {600}, {60}}}) {
    EXPECT_TRUE(admits(access, who(kOwn), {}));
    EXPECT_TRUE(admits(access, who(0), {}));
  }
}

TEST(Access, IsNobodyElsesUntilTheyAreNamed) {
  const Access access{kOwn};
  EXPECT_FALSE(admits(access, who(600), {}));
  // Root's group and a group with the number of a user give no access.
  EXPECT_FALSE(admits(access, who(600, 0), {}));
  EXPECT_FALSE(admits(access, who(600, kOwn), kOthers));
}

TEST(Access, IsThoseUsersWhoAreNamed) {
  const Access access{kOwn, {600, 601}};
  EXPECT_TRUE(admits(access, who(600), {}));
  EXPECT_TRUE(admits(access, who(601), {}));
  EXPECT_FALSE(admits(access, who(602), {}));
}

TEST(Access, IsThoseWhoseGroupIsNamed) {
  const Access access{kOwn, {}, {60}};
  EXPECT_TRUE(admits(access, who(600, 60), {}));
  EXPECT_FALSE(admits(access, who(600, 61), {}));
  EXPECT_FALSE(admits(access, who(60, 61), {}));
}

TEST(Access, IsThoseWhoAreInANamedGroupBesidesTheirOwn) {
  const Access access{kOwn, {}, {60, 71}};
  EXPECT_TRUE(admits(access, who(600), kOthers));
  EXPECT_FALSE(admits(Access{kOwn, {71}, {60}}, who(600), kOthers));
}

TEST(Access, IsNeverWhoeverHasNoNumberInTheUserNamespace) {
  const OverflowIds overflow{.user = 65'534, .group = 65'533};
  EXPECT_FALSE(admits(Access{65'534, {}, {}, overflow}, who(65'534), {}));
  EXPECT_TRUE(admits(Access{65'534, {}, {}, overflow}, who(0), {}));
  const Access named{kOwn, {65'534}, {65'533, 60}, overflow};
  EXPECT_FALSE(admits(named, who(65'534, 65'533), {}));
  EXPECT_FALSE(admits(named, who(600), std::array<gid_t, 1>{65'533}));
  EXPECT_TRUE(admits(named, who(65'534, 60), {}));
  EXPECT_TRUE(admits(Access{65'534}, who(65'534), {}));
}

TEST(Access, AsksForOtherGroupsOnlyWhereTheyMatter) {
  EXPECT_FALSE((Access{kOwn, {600}}.asks_for_groups()));
  EXPECT_TRUE((Access{kOwn, {}, {60}}.asks_for_groups()));
}

TEST(Access, OfAGrantIsForItsUsersAndGroupsAlone) {
  Actions find;
  find.add(Action::find);
  const Access access{
      kOwn, {600}, {}, {}, {{.users = {601}, .actions = find, .names = {"a*"}}, {.groups = {71}}}};
  EXPECT_TRUE(access.asks_for_groups());
  EXPECT_TRUE(access.rights_of(who(600), {}).allow(Action::drop, "b"));
  EXPECT_TRUE(access.rights_of(who(0), {}).allow(Action::drop, "b"));
  const Rights some = access.rights_of(who(601), {});
  EXPECT_TRUE(some.allow(Action::find, "a1"));
  EXPECT_FALSE(some.allow(Action::find, "b"));
  EXPECT_FALSE(some.allow(Action::save, "a1"));
  const Rights both = access.rights_of(who(601), kOthers);
  EXPECT_TRUE(both.allow(Action::find, "b"));
  EXPECT_TRUE(access.rights_of(who(602), {}).none());
}

TEST(Access, OfAGrantIsNeverForUnmappedUsers) {
  const OverflowIds overflow{.user = 65'534, .group = 65'533};
  const Access access{kOwn, {}, {}, overflow, {{.users = {65'534}, .groups = {65'533}}}};
  EXPECT_TRUE(access.rights_of(who(65'534, 65'533), {}).none());
}

}  // namespace
}  // namespace scache::server
