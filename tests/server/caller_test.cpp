// SPDX-License-Identifier: Apache-2.0
#include "server/caller.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

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

TEST_F(CallerTest, HasItsGroupsOnlyIfAccessDependsOnThem) {
  policy.access.emplace(::geteuid());
  EXPECT_TRUE(Caller::of(local.first.get(), policy).groups.empty());
  policy.access.emplace(::geteuid(), std::vector<uid_t>{}, std::vector<gid_t>{70});
  const Caller caller = Caller::of(local.first.get(), policy);
  EXPECT_EQ(caller.groups.size(), static_cast<std::size_t>(::getgroups(0, nullptr)));
}

TEST_F(CallerTest, HasAccessAsThePolicySays) {
  const Caller stranger{.policy = policy, .user = 600, .group = 60, .groups = {61}};
  EXPECT_TRUE(stranger.has_access());
  policy.access.emplace(500);
  EXPECT_FALSE(stranger.has_access());
  policy.access.emplace(500, std::vector<uid_t>{}, std::vector<gid_t>{61});
  EXPECT_TRUE(stranger.has_access());
  policy.access.emplace(Caller::kNobody);
  EXPECT_FALSE((Caller{.policy = policy}.has_access()));
}

}  // namespace
}  // namespace scache::server
