// SPDX-License-Identifier: Apache-2.0
#include "server/access.hpp"

#include <gtest/gtest.h>

#include <array>

namespace scache::server {
namespace {

constexpr uid_t kOwn = 500;
constexpr std::array<gid_t, 2> kOthers{70, 71};

ucred who(uid_t user, gid_t group = 9) {
  return {.pid = 1, .uid = user, .gid = group};
}

TEST(Access, IsItsOwnUsersAndRootsWhateverIsNamed) {
  for (const Access& access : {Access{kOwn}, Access{kOwn, {600}, {60}}}) {
    EXPECT_TRUE(access.admits(who(kOwn), {}));
    EXPECT_TRUE(access.admits(who(0), {}));
  }
}

TEST(Access, IsNobodyElsesUntilTheyAreNamed) {
  const Access access{kOwn};
  EXPECT_FALSE(access.admits(who(600), {}));
  // Root's group and a group with the number of a user give no access.
  EXPECT_FALSE(access.admits(who(600, 0), {}));
  EXPECT_FALSE(access.admits(who(600, kOwn), kOthers));
}

TEST(Access, IsThoseUsersWhoAreNamed) {
  const Access access{kOwn, {600, 601}};
  EXPECT_TRUE(access.admits(who(600), {}));
  EXPECT_TRUE(access.admits(who(601), {}));
  EXPECT_FALSE(access.admits(who(602), {}));
}

TEST(Access, IsThoseWhoseGroupIsNamed) {
  const Access access{kOwn, {}, {60}};
  EXPECT_TRUE(access.admits(who(600, 60), {}));
  EXPECT_FALSE(access.admits(who(600, 61), {}));
  EXPECT_FALSE(access.admits(who(60, 61), {}));
}

TEST(Access, IsThoseWhoAreInANamedGroupBesidesTheirOwn) {
  const Access access{kOwn, {}, {60, 71}};
  EXPECT_TRUE(access.admits(who(600), kOthers));
  EXPECT_FALSE((Access{kOwn, {71}, {60}}.admits(who(600), kOthers)));
}

TEST(Access, IsNeverWhoeverHasNoNumberInTheUserNamespace) {
  const OverflowIds overflow{.user = 65'534, .group = 65'533};
  EXPECT_FALSE((Access{65'534, {}, {}, overflow}.admits(who(65'534), {})));
  EXPECT_TRUE((Access{65'534, {}, {}, overflow}.admits(who(0), {})));
  const Access named{kOwn, {65'534}, {65'533, 60}, overflow};
  EXPECT_FALSE(named.admits(who(65'534, 65'533), {}));
  EXPECT_FALSE(named.admits(who(600), std::array<gid_t, 1>{65'533}));
  EXPECT_TRUE(named.admits(who(65'534, 60), {}));
  EXPECT_TRUE((Access{65'534}.admits(who(65'534), {})));
}

TEST(Access, AsksForOtherGroupsOnlyWhereTheyMatter) {
  EXPECT_FALSE((Access{kOwn, {600}}.asks_for_groups()));
  EXPECT_TRUE((Access{kOwn, {}, {60}}.asks_for_groups()));
}

}  // namespace
}  // namespace scache::server
