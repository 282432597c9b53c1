// SPDX-License-Identifier: Apache-2.0
#include "cache/cache_fixture.hpp"
#include "support/rooms.hpp"

// Deadlines: lookups do not find expired entries, and expiry removes them.

namespace scache::test {
namespace {

using testing::ElementsAre;

using CacheDeadlineTest = CacheTest;

TEST_F(CacheDeadlineTest, AConnectionIsFoundUntilItsDeadline) {
  save("e", "c", at(10));
  EXPECT_EQ(take("e", at(10) - kTick), "c");
}

TEST_F(CacheDeadlineTest, AConnectionIsNotFoundAtItsDeadline) {
  save("e", "c", at(10));
  EXPECT_EQ(take("e", at(10)), "miss");
}

TEST_F(CacheDeadlineTest, ADestinationFindsAConnectionUntilItsDeadline) {
  bind("d", "b", "e");
  save("e", "c", at(10));
  EXPECT_EQ(take_by("d", at(10) - kTick), "b/e/c");
  save("e", "c", at(10));
  EXPECT_EQ(take_by("d", at(10)), "miss");
}

TEST_F(CacheDeadlineTest, ABindingAnswersUntilItsDeadline) {
  bind("d", "b", "e", at(10));
  save("e", "1");
  save("e", "2");
  EXPECT_EQ(take_by("d", at(10) - kTick), "b/e/1");
  EXPECT_EQ(take_by("d", at(10)), "miss");
  EXPECT_EQ(take("e", at(10)), "2");
}

TEST_F(CacheDeadlineTest, ADueBindingIsPassedOverForALaterOne) {
  bind("d", "due", "e", at(10));
  bind("d", "live", "e", at(20));
  save("e", "c");
  EXPECT_EQ(take_by("d", at(10)), "live/e/c");
}

TEST_F(CacheDeadlineTest, ADueConnectionIsPassedOverForANewerOne) {
  save("e", "due", at(10));
  save("e", "live", at(20));
  observer_.take();
  EXPECT_EQ(take("e", at(10)), "live");
  EXPECT_THAT(observer_.take(),
              ElementsAre("left e 'due' expired", "claimed e 'live'", "left e 'live' found"));
}

TEST_F(CacheDeadlineTest, ABindingWhoseConnectionsAreDueIsPassedOver) {
  bind("d", "b1", "e1");
  bind("d", "b2", "e2");
  save("e1", "due", at(10));
  save("e2", "live", at(20));
  EXPECT_EQ(take_by("d", at(10)), "b2/e2/live");
  EXPECT_EQ(cache().connections(), 0U);
}

TEST_F(CacheDeadlineTest, AMissClosesWhatIsDue) {
  Line line;
  cache().save_connection("e", "c", at(10), line.kept);
  observer_.take();
  EXPECT_EQ(take("e", at(10)), "miss");
  EXPECT_TRUE(line.closed());
  EXPECT_THAT(observer_.take(), ElementsAre("left e 'c' expired"));
  EXPECT_EQ(cache().held(), 0U);
  EXPECT_EQ(cache().endpoints(), 0U);
  EXPECT_EQ(cache().bytes(), 0U);
  EXPECT_EQ(cache().next_deadline(), kNever);
}

TEST_F(CacheDeadlineTest, AFindEndsOnlySoManyDueConnections) {
  bind("d", "b", "e1");
  bind("d", "b", "e2");
  for (int i = 0; i < 100; ++i) save("e1", "due", at(10));
  for (int i = 0; i < 100; ++i) save("e2", "due", at(10));
  save("e2", "live", at(20));
  {
    auto hit = cache().find_destination("d", at(10));
    ASSERT_TRUE(hit);
    EXPECT_EQ(hit->claim.record().properties, "live");
    EXPECT_EQ(cache().held(), 201U - 128);
  }
  EXPECT_EQ(take("e2", at(10)), "live");
  EXPECT_EQ(cache().held(), 0U);
  EXPECT_EQ(cache().endpoints(), 0U);
}

TEST_F(CacheDeadlineTest, AMissAmongDueConnectionsKeepsTheEndpoint) {
  for (int i = 0; i < 129; ++i) save("e", "due", at(10));
  EXPECT_EQ(take("e", at(10)), "miss");
  EXPECT_EQ(cache().held(), 1U);
  EXPECT_EQ(cache().endpoints(), 1U);
  EXPECT_EQ(expire(at(10)), 1U);
  EXPECT_EQ(cache().bytes(), 0U);
}

TEST_F(CacheDeadlineTest, ExpiryClosesWhatIsDueAndNothingElse) {
  Line due;
  Line live;
  cache().save_connection("e", "due", at(10), due.kept);
  cache().save_connection("e", "live", at(10) + kTick, live.kept);
  EXPECT_EQ(expire(at(10) - kTick), 0U);
  EXPECT_FALSE(due.closed());
  EXPECT_EQ(expire(at(10)), 1U);
  EXPECT_TRUE(due.closed());
  EXPECT_FALSE(live.closed());
  EXPECT_EQ(take("e", at(10)), "live");
}

TEST_F(CacheDeadlineTest, ExpiryGoesByDeadlineAndThenByOrderOfSaving) {
  save("e1", "3", at(30));
  bind("d", "1", "e", at(10));
  save("e2", "2", at(20));
  save("e1", "1", at(10));
  save("e2", "1", at(10));
  observer_.take();
  EXPECT_EQ(expire(at(30)), 5U);
  EXPECT_THAT(observer_.take(),
              ElementsAre("unbound d '1' e expired", "left e1 '1' expired", "left e2 '1' expired",
                          "left e2 '2' expired", "left e1 '3' expired"));
}

TEST_F(CacheDeadlineTest, ExpiryGoesInBatches) {
  for (int i = 1; i <= 5; ++i) save("e", fmt::format("{}", i), at(i));
  bind("d", "b", "e", at(6));
  observer_.take();
  EXPECT_EQ(cache().expire(at(6), 0), 0U);
  EXPECT_EQ(cache().expire(at(6), 2), 2U);
  EXPECT_THAT(observer_.take(), ElementsAre("left e '1' expired", "left e '2' expired"));
  EXPECT_EQ(cache().next_deadline(), at(3));
  // Lookups do not find expired entries that wait for the next batch.
  EXPECT_EQ(take("e", at(6)), "miss");
  EXPECT_EQ(take_by("d", at(6)), "miss");
  EXPECT_EQ(cache().expire(at(6), 2), 1U);
  EXPECT_EQ(cache().bindings(), 0U);
  EXPECT_EQ(cache().bytes(), 0U);
}

TEST_F(CacheDeadlineTest, ABatchEndsWithWhatIsDue) {
  for (int i = 1; i <= 5; ++i) save("e", "c", at(i));
  EXPECT_EQ(cache().expire(at(3), 100), 3U);
  EXPECT_EQ(cache().connections(), 2U);
}

TEST_F(CacheDeadlineTest, TheNextDeadlineIsTheEarliestOfAll) {
  save("e", "c", at(30));
  EXPECT_EQ(cache().next_deadline(), at(30));
  bind("d", "b", "e", at(20));
  EXPECT_EQ(cache().next_deadline(), at(20));
  save("e", "c", at(10));
  EXPECT_EQ(cache().next_deadline(), at(10));
  expire(at(10));
  EXPECT_EQ(cache().next_deadline(), at(20));
  expire(at(20));
  EXPECT_EQ(cache().next_deadline(), at(30));
  expire(at(30));
  EXPECT_EQ(cache().next_deadline(), kNever);
}

TEST_F(CacheDeadlineTest, WhatHasNoDeadlineStaysUntilTheEndOfTime) {
  save("e", "c", kNever);
  bind("d", "b", "e", kNever);
  EXPECT_EQ(expire(kNever - kTick), 0U);
  {
    auto hit = cache().find_destination("d", kNever - kTick);
    EXPECT_TRUE(hit);
  }
  EXPECT_EQ(expire(kNever), 2U);
  EXPECT_EQ(expire(kNever), 0U);
}

TEST_F(CacheDeadlineTest, WhatIsSavedTooLateIsNeverFound) {
  save("e", "c", at(10));
  bind("d", "b", "e", at(10));
  EXPECT_EQ(take_by("d", at(11)), "miss");
  EXPECT_EQ(take("e", at(11)), "miss");
  EXPECT_EQ(expire(at(11)), 1U);
}

TEST_F(CacheDeadlineTest, AnExpiredBindingLeavesTheConnection) {
  bind("d", "b", "e", at(10));
  save("e", "c", at(20));
  expire(at(10));
  EXPECT_EQ(cache().destinations(), 0U);
  EXPECT_EQ(take_by("d", at(10)), "miss");
  EXPECT_EQ(take("e", at(10)), "c");
}

TEST_F(CacheDeadlineTest, AnExpiredConnectionLeavesTheBinding) {
  save("e", "c", at(10));
  bind("d", "b", "e", at(20));
  expire(at(10));
  EXPECT_EQ(cache().endpoints(), 0U);
  EXPECT_EQ(cache().bindings(), 1U);
  save("e", "new", at(20));
  EXPECT_EQ(take_by("d", at(10)), "b/e/new");
}

}  // namespace
}  // namespace scache::test
