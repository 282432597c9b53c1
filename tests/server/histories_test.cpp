// SPDX-License-Identifier: Apache-2.0
#include "server/histories.hpp"

#include <gtest/gtest.h>

namespace scache::server {
namespace {

using namespace std::chrono_literals;

TEST(Histories, AHistoryIsTakenOnce) {
  Histories histories;
  histories.keep(1, {.since = Instant{} + 5s, .id = 7, .uses = 3});
  EXPECT_FALSE(histories.take(2));
  const auto history = histories.take(1);
  ASSERT_TRUE(history);
  EXPECT_EQ(history->since, Instant{} + 5s);
  EXPECT_EQ(history->id, 7U);
  EXPECT_EQ(history->uses, 3U);
  EXPECT_FALSE(histories.take(1));
}

TEST(Histories, ANewerOneReplacesAnOlderOne) {
  Histories histories;
  histories.keep(1, {.uses = 1});
  histories.keep(1, {.uses = 2});
  EXPECT_EQ(histories.take(1)->uses, 2U);
  EXPECT_FALSE(histories.take(1));
}

TEST(Histories, BeyondItsLimitTheOldestIsLost) {
  Histories histories{2};
  histories.keep(1, {});
  histories.keep(2, {});
  histories.keep(1, {});
  histories.keep(3, {});
  EXPECT_FALSE(histories.take(2));
  EXPECT_TRUE(histories.take(1));
  EXPECT_TRUE(histories.take(3));
}

}  // namespace
}  // namespace scache::server
