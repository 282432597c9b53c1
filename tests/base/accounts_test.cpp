// SPDX-License-Identifier: Apache-2.0
#include "base/accounts.hpp"

#include <gtest/gtest.h>

namespace scache::base {
namespace {

TEST(SystemAccounts, FindUsersByNameAndNumber) {
  const Accounts accounts = system_accounts();
  const auto root = accounts.named("root");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->uid, 0u);
  EXPECT_EQ(accounts.numbered(0)->name, "root");
  EXPECT_FALSE(accounts.named("no user has this name"));
}

TEST(SystemAccounts, FindGroupsByName) {
  const Accounts accounts = system_accounts();
  EXPECT_EQ(accounts.group_named("root"), gid_t{0});
  EXPECT_FALSE(accounts.group_named("no group has this name"));
}

}  // namespace
}  // namespace scache::base
