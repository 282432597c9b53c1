// SPDX-License-Identifier: Apache-2.0
#include "server/histories.hpp"

#include <gtest/gtest.h>

namespace scache::server {
namespace {

using namespace std::chrono_literals;

TEST(Histories, AHistoryIsKnownUntilItIsForgotten) {
  Histories histories;
  histories.keep(1, {.since = Instant{} + 5s, .id = 7, .uses = 3});
  EXPECT_FALSE(histories.find(2));
  const auto history = histories.find(1);
  ASSERT_TRUE(history);
  EXPECT_EQ(history->since, Instant{} + 5s);
  EXPECT_EQ(history->id, 7U);
  EXPECT_EQ(history->uses, 3U);
  histories.forget(1);
  EXPECT_FALSE(histories.find(1));
  histories.forget(1);
}

TEST(Histories, WithoutACookieNothingIsKept) {
  Histories histories;
  histories.keep(0, {.uses = 1});
  EXPECT_FALSE(histories.find(0));
}

TEST(Histories, ANewerOneReplacesAnOlderOne) {
  Histories histories;
  histories.keep(1, {.uses = 1});
  histories.keep(1, {.uses = 2});
  EXPECT_EQ(histories.find(1)->uses, 2U);
  histories.forget(1);
  EXPECT_FALSE(histories.find(1));
}

TEST(Histories, BeyondItsLimitTheOldestIsLost) {
  Histories histories{2};
  histories.keep(1, {});
  histories.keep(2, {});
  histories.keep(1, {});
  histories.keep(3, {});
  EXPECT_FALSE(histories.find(2));
  EXPECT_TRUE(histories.find(1));
  EXPECT_TRUE(histories.find(3));
}

}  // namespace
}  // namespace scache::server
