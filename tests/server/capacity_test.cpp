// SPDX-License-Identifier: Apache-2.0
#include "server/capacity.hpp"

#include <gtest/gtest.h>

#include <cstddef>

namespace scache::server {
namespace {

TEST(CapacityTest, ConnectionsClientsAndAReserveFitIntoTheDescriptors) {
  for (std::size_t descriptors = 256; descriptors < 100'000; descriptors += 37) {
    const Capacity capacity = Capacity::of(descriptors);
    EXPECT_GE(capacity.clients, Capacity::kFewestClients);
    EXPECT_LT(capacity.connections + capacity.clients, descriptors);
  }
}

TEST(CapacityTest, DescriptorsThatWaitForCloseArePartOfTheReserve) {
  EXPECT_EQ(Capacity::of(20'000).closing, 64u);
  EXPECT_EQ(Capacity::of(383).closing, 23u);
  EXPECT_EQ(Capacity::of(24).closing, 1u);
  EXPECT_EQ(Capacity::of(0).closing, 0u);
}

TEST(CapacityTest, GoodbyesHaveTheirPart) {
  EXPECT_EQ(Capacity::of(20'000).goodbyes, 64u);
  EXPECT_EQ(Capacity::of(4'096).goodbyes, 64u);
  EXPECT_EQ(Capacity::of(4'095).goodbyes, 63u);
  EXPECT_EQ(Capacity::of(63).goodbyes, 0u);
  const Capacity all = Capacity::of(20'000);
  EXPECT_EQ(all.connections + 2 * all.clients + all.goodbyes + Capacity::kReserve, 20'000u);
}

TEST(CapacityTest, EvenFewDescriptorsLeaveRoomForAConnection) {
  for (std::size_t descriptors = 0; descriptors < 256; ++descriptors) {
    EXPECT_GE(Capacity::of(descriptors).connections, 1u) << descriptors;
    EXPECT_GE(Capacity::of(descriptors).clients, Capacity::kFewestClients) << descriptors;
  }
}

TEST(CapacityTest, MoreDescriptorsNeverMeanLess) {
  Capacity before = Capacity::of(256);
  for (std::size_t descriptors = 257; descriptors < 30'000; ++descriptors) {
    const Capacity now = Capacity::of(descriptors);
    EXPECT_GE(now.clients, before.clients) << descriptors;
    // One more client takes more than one descriptor from the connections.
    EXPECT_GE(now.connections + 2, before.connections) << descriptors;
    before = now;
  }
}

TEST(CapacityTest, PostfixsOrdinaryLimitServesItsProcessesManyTimesOver) {
  const Capacity capacity = Capacity::of(20'000);
  EXPECT_GE(capacity.clients, 300u);
  EXPECT_GE(capacity.connections, 16'000u);
}

}  // namespace
}  // namespace scache::server
