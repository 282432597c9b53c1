// SPDX-License-Identifier: Apache-2.0
#include "server/caller.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

#include "support/descriptors.hpp"

namespace scache::server {
namespace {

class CallerTest : public test::DescriptorCensus {
 protected:
  ListenPolicy policy;
  const test::Ends local = test::socket_pair();
  // A peer of another family has no credentials.
  const test::Ends tcp = test::tcp_pair();
};

TEST_F(CallerTest, HasTheCredentialsOfThePeer) {
  const Caller caller = Caller::of(local.first.get(), policy);
  EXPECT_EQ(&caller.policy, &policy);
  EXPECT_EQ(caller.user, ::geteuid());
  EXPECT_EQ(caller.group, ::getegid());
}

TEST_F(CallerTest, IsNobodyIfTheKernelReportsNoCredentials) {
  const Caller caller = Caller::of(tcp.first.get(), policy);
  EXPECT_EQ(caller.user, Caller::kNobody);
  EXPECT_EQ(caller.group, Caller::kNoGroup);
}

TEST_F(CallerTest, HasTheRightsOfItsGroups) {
  const auto groups = static_cast<std::size_t>(::getgroups(0, nullptr));
  std::vector<gid_t> mine(groups);
  ASSERT_GE(::getgroups(static_cast<int>(groups), mine.data()), 0);
  mine.push_back(::getegid());
  for (const gid_t group : mine) {
    policy.access.emplace(500, std::vector<uid_t>{}, std::vector<gid_t>{group});
    EXPECT_TRUE(Caller::of(local.first.get(), policy).rights.allow(Action::drop, "e"));
  }
}

TEST_F(CallerTest, HasAccessAsThePolicySays) {
  EXPECT_TRUE(Caller::of(local.first.get(), policy).has_access());
  EXPECT_TRUE(Caller::of(tcp.first.get(), policy).has_access());
  policy.access.emplace(::geteuid());
  EXPECT_TRUE(Caller::of(local.first.get(), policy).has_access());
  policy.access.emplace(Caller::kNobody, std::vector<uid_t>{},
                        std::vector<gid_t>{Caller::kNoGroup});
  EXPECT_FALSE(Caller::of(tcp.first.get(), policy).has_access());
}

TEST_F(CallerTest, KeepsItsRightsWhenThePolicyChanges) {
  policy.access.emplace(::geteuid());
  const Caller caller = Caller::of(local.first.get(), policy);
  policy.access.emplace(500);
  EXPECT_TRUE(caller.rights.allow(Action::find, "e"));
}

}  // namespace
}  // namespace scache::server
