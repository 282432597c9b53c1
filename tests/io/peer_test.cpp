// SPDX-License-Identifier: Apache-2.0
#include "io/peer.hpp"

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <numeric>
#include <vector>

#include "support/descriptors.hpp"
#include "support/listening.hpp"

namespace scache::io {
namespace {

using namespace test;

class PeerTest : public DescriptorCensus {
 protected:
  Listening listening;
};

TEST_F(PeerTest, IsWhoeverConnected) {
  const Fd client = listening.connect();
  const Fd accepted{::accept(listening.descriptor(), nullptr, nullptr)};
  const auto who = peer_credentials(accepted.get());
  ASSERT_TRUE(who);
  EXPECT_EQ(who->uid, ::geteuid());
  EXPECT_EQ(who->gid, ::getegid());
  EXPECT_EQ(who->pid, ::getpid());
}

TEST_F(PeerTest, IsNobodyWhereTheKernelDoesNotSay) {
  const Ends tcp = tcp_pair();
  EXPECT_FALSE(peer_credentials(tcp.first.get()));
  EXPECT_TRUE(peer_groups(tcp.first.get()).empty());
  EXPECT_FALSE(peer_credentials(-1));
}

TEST_F(PeerTest, HasItsOtherGroupsHoweverMany) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can choose its groups";
  std::vector<gid_t> groups(100);
  std::iota(groups.begin(), groups.end(), 5'000);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgroups(groups.size(), groups.data()) != 0) ::_exit(1);
    const Fd client = listening.connect();
    ::_exit(0);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  const Fd accepted{::accept(listening.descriptor(), nullptr, nullptr)};
  EXPECT_EQ(peer_groups(accepted.get()), groups);
}

}  // namespace
}  // namespace scache::io
