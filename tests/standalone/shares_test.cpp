// SPDX-License-Identifier: Apache-2.0
#include "standalone/shares.hpp"

#include <gtest/gtest.h>

namespace scache::standalone {
namespace {

constexpr std::size_t kRest = 1'024 - Capacity::kReserve - 1'024 / Capacity::kDescriptorsOfGoodbye;

TEST(Shares, AreTheUsualOnesUntilSomethingIsWanted) {
  for (const std::size_t descriptors : {1u, 64u, 256u, 1'024u, 20'000u}) {
    const auto shares = share_out(descriptors, 0, 0);
    ASSERT_TRUE(shares) << descriptors;
    EXPECT_EQ(shares->clients, Capacity::of(descriptors).clients);
    EXPECT_EQ(shares->connections, Capacity::of(descriptors).connections);
  }
}

TEST(Shares, GiveConnectionsWhatClientsLeave) {
  const auto shares = share_out(1'024, 100, 0);
  ASSERT_TRUE(shares);
  EXPECT_EQ(shares->clients, 100u);
  EXPECT_EQ(shares->connections, kRest - 200);
}

TEST(Shares, MayBeSmallerThanThereIsRoomFor) {
  const auto shares = share_out(20'000, 3, 4);
  ASSERT_TRUE(shares);
  EXPECT_EQ(shares->clients, 3u);
  EXPECT_EQ(shares->connections, 4u);
}

TEST(Shares, AreRefusedWhereThereIsNoRoom) {
  EXPECT_TRUE(share_out(1'024, 100, kRest - 200));
  const auto refused = share_out(1'024, 100, kRest - 199);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text,
            "limits: 100 clients and 713 connections need more than 1024 descriptors "
            "(RLIMIT_NOFILE)");
  EXPECT_TRUE(share_out(1'024, kRest / 2 - 1, 0));
  EXPECT_FALSE(share_out(1'024, kRest / 2, 0));
  EXPECT_FALSE(share_out(1'024, 0, kRest));
  EXPECT_FALSE(share_out(1'024, static_cast<std::size_t>(-1) / 2, 0));
  EXPECT_FALSE(share_out(1'024, 0, static_cast<std::size_t>(-1)));
}

}  // namespace
}  // namespace scache::standalone
