// SPDX-License-Identifier: Apache-2.0
#include "cache/cache_fixture.hpp"
#include "support/rooms.hpp"

// Bindings: renewal, and the limit of one destination.

namespace scache::test {
namespace {

using testing::ElementsAre;

using CacheBindingTest = CacheTest;

// An endpoint named after a number, with a connection and a binding.
std::string numbered(int number) {
  return fmt::format("e{}", number);
}

TEST_F(CacheBindingTest, ABindingThatExistsIsRenewed) {
  EXPECT_EQ(bind("d", "b", "e"), SaveOutcome::saved);
  EXPECT_EQ(bind("d", "b", "e"), SaveOutcome::renewed);
  EXPECT_EQ(cache().bindings(), 1U);
  EXPECT_THAT(observer_.take(), ElementsAre("bound d 'b' e", "renewed d 'b' e"));
}

TEST_F(CacheBindingTest, AnyDifferenceMakesAnotherBinding) {
  EXPECT_EQ(bind("d", "b", "e"), SaveOutcome::saved);
  EXPECT_EQ(bind("d", "b", "e2"), SaveOutcome::saved);
  EXPECT_EQ(bind("d", "b2", "e"), SaveOutcome::saved);
  EXPECT_EQ(bind("d2", "b", "e"), SaveOutcome::saved);
  EXPECT_EQ(bind("d", "", "e"), SaveOutcome::saved);
  EXPECT_EQ(bind("e", "b", "d"), SaveOutcome::saved);
  EXPECT_EQ(cache().bindings(), 6U);
}

TEST_F(CacheBindingTest, RenewalKeepsThePlace) {
  bind("d", "b1", "e1");
  bind("d", "b2", "e2");
  EXPECT_EQ(bind("d", "b1", "e1", at(2000)), SaveOutcome::renewed);
  save("e2", "c2");
  save("e1", "c1");
  EXPECT_EQ(take_by("d"), "b1/e1/c1");
  EXPECT_EQ(take_by("d"), "b2/e2/c2");
}

TEST_F(CacheBindingTest, RenewalMovesTheDeadlineAway) {
  bind("d", "b", "e", at(10));
  EXPECT_EQ(cache().next_deadline(), at(10));
  bind("d", "b", "e", at(20));
  EXPECT_EQ(expire(at(10)), 0U);
  EXPECT_EQ(cache().next_deadline(), at(20));
  save("e", "c");
  EXPECT_EQ(take_by("d", at(20) - kTick), "b/e/c");
  EXPECT_EQ(expire(at(20)), 1U);
}

TEST_F(CacheBindingTest, RenewalMovesTheDeadlineNearer) {
  bind("d", "b", "e", at(20));
  bind("d", "b", "e", at(10));
  EXPECT_EQ(cache().next_deadline(), at(10));
  save("e", "c");
  EXPECT_EQ(take_by("d", at(10)), "miss");
  EXPECT_EQ(expire(at(10)), 1U);
  EXPECT_EQ(cache().bindings(), 0U);
}

TEST_F(CacheBindingTest, AnExpiredBindingSavedAgainGoesToTheEnd) {
  bind("d", "b1", "e1", at(10));
  bind("d", "b2", "e2");
  expire(at(10));
  EXPECT_EQ(bind("d", "b1", "e1"), SaveOutcome::saved);
  save("e1", "c1");
  save("e2", "c2");
  EXPECT_EQ(take_by("d"), "b2/e2/c2");
}

TEST_F(CacheBindingTest, BindingsLeaveFromTheMiddle) {
  for (int i = 1; i <= 5; ++i) bind("d", "b", numbered(i), i % 2 == 0 ? at(10) : at(20));
  for (int i = 1; i <= 5; ++i) save(numbered(i), "c");
  observer_.take();
  EXPECT_EQ(expire(at(10)), 2U);
  EXPECT_THAT(observer_.take(),
              ElementsAre("unbound d 'b' e2 expired", "unbound d 'b' e4 expired"));
  EXPECT_EQ(take_by("d"), "b/e1/c");
  EXPECT_EQ(take_by("d"), "b/e3/c");
  EXPECT_EQ(take_by("d"), "b/e5/c");
  EXPECT_EQ(take_by("d"), "miss");
}

TEST_F(CacheBindingTest, AsManyBindingsAsTheLimitStay) {
  for (int i = 1; i <= 1'024; ++i) ASSERT_EQ(bind("d", "b", numbered(i)), SaveOutcome::saved);
  EXPECT_EQ(cache().bindings(), 1'024U);
  save(numbered(1), "oldest");
  EXPECT_EQ(take_by("d"), "b/e1/oldest");
}

TEST_F(CacheBindingTest, OneBindingMoreThanTheLimitEvictsTheOldest) {
  for (int i = 1; i <= 1'024; ++i) bind("d", "b", numbered(i));
  observer_.take();
  EXPECT_EQ(bind("d", "b", numbered(1'025)), SaveOutcome::saved);
  EXPECT_THAT(observer_.take(),
              ElementsAre("bound d 'b' e1025", "unbound d 'b' e1 evicted for its destination"));
  EXPECT_EQ(cache().bindings(), 1'024U);

  save(numbered(1), "unreachable");
  EXPECT_EQ(take_by("d"), "miss");
  save(numbered(1'025), "newest");
  save(numbered(2), "oldest");
  EXPECT_EQ(take_by("d"), "b/e2/oldest");
  EXPECT_EQ(take_by("d"), "b/e1025/newest");
}

TEST_F(CacheBindingTest, RenewalAtTheLimitEvictsNothing) {
  for (int i = 1; i <= 1'024; ++i) bind("d", "b", numbered(i));
  observer_.take();
  EXPECT_EQ(bind("d", "b", numbered(1)), SaveOutcome::renewed);
  EXPECT_THAT(observer_.take(), ElementsAre("renewed d 'b' e1"));
  // Renewal keeps the place in this queue too.
  bind("d", "b", "new");
  EXPECT_THAT(observer_.take(),
              ElementsAre("bound d 'b' new", "unbound d 'b' e1 evicted for its destination"));
}

TEST_F(CacheBindingTest, TheLimitIsEachDestinationsOwn) {
  start({.bindings_of_destination = 2});
  for (const char* destination : {"d1", "d2"}) {
    bind(destination, "b", "e1");
    bind(destination, "b", "e2");
  }
  EXPECT_EQ(cache().bindings(), 4U);
  observer_.take();
  bind("d1", "b", "e3");
  EXPECT_THAT(observer_.take(),
              ElementsAre("bound d1 'b' e3", "unbound d1 'b' e1 evicted for its destination"));
  EXPECT_EQ(cache().bindings(), 4U);
}

TEST_F(CacheBindingTest, EvictionLeavesTheConnectionsAlone) {
  start({.bindings_of_destination = 1});
  bind("d", "b", "e1");
  save("e1", "c1");
  bind("d", "b", "e2");
  EXPECT_EQ(take_by("d"), "miss");
  EXPECT_EQ(take("e1"), "c1");
}

// Like a client that saves bindings without end.
TEST_F(CacheBindingTest, EvictionForeverKeepsWhatIsHeldBounded) {
  start({.bindings_of_destination = 3});
  for (int i = 1; i <= 1'000; ++i) bind("d", "b", fmt::format("{:04}", i));
  EXPECT_EQ(cache().bindings(), 3U);
  EXPECT_EQ(cache().destinations(), 1U);
  EXPECT_EQ(cache().bytes(),
            Destination::bytes_with(1) + 3 * Binding::bytes_with(1) + 3 * Endpoint::bytes_with(4));
}

}  // namespace
}  // namespace scache::test
