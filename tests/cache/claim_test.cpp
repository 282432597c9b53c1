// SPDX-License-Identifier: Apache-2.0
#include "cache/claim.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "cache/cache_fixture.hpp"
#include "support/rooms.hpp"

// Claims: found connections that are still to be sent.

namespace scache::test {
namespace {

using testing::ElementsAre;

class CacheClaimTest : public CacheTest {
 protected:
  // A claim on the oldest connection of the endpoint.
  std::optional<Claim> claim(std::string_view endpoint, Instant now = at(0)) {
    return cache().find_endpoint(endpoint, now);
  }
};

TEST_F(CacheClaimTest, AClaimKnowsItsConnection) {
  Fd fd = any_descriptor();
  const int number = fd.get();
  cache().save_connection("e", "c", at(10), fd);
  auto found = claim("e");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->record().endpoint, "e");
  EXPECT_EQ(found->record().properties, "c");
  EXPECT_EQ(found->record().descriptor, number);
}

TEST_F(CacheClaimTest, AClaimMustNotOutliveTheCache) {
  save("e", "c");
  const auto outlive = [this] {
    const auto found = claim("e");
    start({});
  };
  EXPECT_DEATH(outlive(), "cache.cpp:[0-9]+: a claim outlives its cache");
}

TEST_F(CacheClaimTest, NobodyElseFindsAClaimedConnection) {
  bind("d", "b", "e");
  save("e", "c");
  auto found = claim("e");
  EXPECT_EQ(take("e"), "miss");
  EXPECT_EQ(take_by("d"), "miss");
}

TEST_F(CacheClaimTest, CommitMakesTheConnectionLeave) {
  Line line;
  cache().save_connection("e", "c", at(10), line.kept);
  observer_.take();
  {
    auto found = claim("e");
    EXPECT_THAT(observer_.take(), ElementsAre("claimed e 'c'"));
    EXPECT_FALSE(line.closed());
    found->commit();
    EXPECT_TRUE(line.closed());
  }
  EXPECT_THAT(observer_.take(), ElementsAre("left e 'c' found"));
  EXPECT_EQ(cache().held(), 0U);
  EXPECT_EQ(cache().bytes(), 0U);
}

TEST_F(CacheClaimTest, ADiscardedConnectionLeavesAsDead) {
  Line line;
  cache().save_connection("e", "c", at(10), line.kept);
  observer_.take();
  claim("e")->discard();
  EXPECT_TRUE(line.closed());
  EXPECT_THAT(observer_.take(), ElementsAre("claimed e 'c'", "left e 'c' dead"));
  EXPECT_EQ(cache().held(), 0U);
  EXPECT_EQ(take("e"), "miss");
}

TEST_F(CacheClaimTest, AWithdrawnConnectionLeaves) {
  Line line;
  cache().save_connection("e", "c", at(10), line.kept);
  observer_.take();
  claim("e")->withdraw();
  EXPECT_TRUE(line.closed());
  EXPECT_THAT(observer_.take(), ElementsAre("claimed e 'c'", "left e 'c' withdrawn"));
  EXPECT_EQ(cache().held(), 0U);
}

TEST_F(CacheClaimTest, AnEndpointCountsItsConnectionsThatAreNotClaimed) {
  EXPECT_EQ(cache().connections_of("e"), 0U);
  save("e", "1", at(10));
  save("e", "2", at(10));
  save("f", "3", at(10));
  EXPECT_EQ(cache().connections_of("e"), 2U);
  {
    const auto first = claim("e");
    EXPECT_EQ(cache().connections_of("e"), 1U);
  }
  EXPECT_EQ(cache().connections_of("e"), 2U);
  claim("e")->discard();
  EXPECT_EQ(cache().connections_of("e"), 1U);
}

TEST_F(CacheClaimTest, ItsRecordAndItsPlaceStayTheSameUntilItLeaves) {
  save("e", "c", at(10));
  const std::uint64_t sequence = cache().last_sequence();
  for (int i = 0; i < 2; ++i) {
    const ConnectionRecord record = claim("e")->record();
    EXPECT_EQ(record.sequence, sequence);
    EXPECT_EQ(record.deadline, at(10));
  }
}

TEST_F(CacheClaimTest, EachObserverIsCalled) {
  test::RecordingObserver second;
  cache().observe(second);
  save("e", "c");
  claim("e").reset();
  take("e");
  EXPECT_THAT(second.take(), ElementsAre("saved e 'c'", "claimed e 'c'", "returned e 'c'",
                                         "claimed e 'c'", "left e 'c' found"));
}

TEST_F(CacheClaimTest, AClaimTellsWhatTheSaverRemarked) {
  Fd fd = any_descriptor();
  cache().save_connection("e", "c", at(10), fd,
                          {.since = at(1),
                           .saved = at(2),
                           .id = 3,
                           .uses = 4,
                           .owner = 5,
                           .kind = DescriptorKind::pipe});
  const Provenance known = claim("e")->record().provenance;
  EXPECT_EQ(known.since, at(1));
  EXPECT_EQ(known.saved, at(2));
  EXPECT_EQ(known.id, 3u);
  EXPECT_EQ(known.uses, 4u);
  EXPECT_EQ(known.owner, 5u);
  EXPECT_EQ(known.kind, DescriptorKind::pipe);
}

TEST_F(CacheClaimTest, AClaimWithoutCommitPutsTheConnectionBack) {
  Line line;
  cache().save_connection("e", "c", at(10), line.kept);
  observer_.take();
  claim("e").reset();
  EXPECT_FALSE(line.closed());
  EXPECT_THAT(observer_.take(), ElementsAre("claimed e 'c'", "returned e 'c'"));
  EXPECT_EQ(cache().connections(), 1U);
  EXPECT_EQ(cache().next_deadline(), at(10));
  EXPECT_EQ(take("e"), "c");
}

TEST_F(CacheClaimTest, AConnectionComesBackToItsPlace) {
  for (const char* properties : {"1", "2", "3"}) save("e", properties);
  {
    auto first = claim("e");
    save("e", "4");
  }
  for (const char* properties : {"1", "2", "3", "4"}) EXPECT_EQ(take("e"), properties);
}

TEST_F(CacheClaimTest, ConnectionsComeBackToTheirPlacesInAnyOrder) {
  std::vector<int> order{0, 1, 2, 3};
  do {
    start({});
    for (const char* properties : {"1", "2", "3", "4", "5"}) save("e", properties);
    std::vector<std::optional<Claim>> claims;
    for (int i = 0; i < 4; ++i) claims.push_back(claim("e"));
    for (const int i : order) claims[static_cast<std::size_t>(i)].reset();
    for (const char* properties : {"1", "2", "3", "4", "5"}) ASSERT_EQ(take("e"), properties);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(CacheClaimTest, SomeComeBackAndSomeDoNot) {
  for (const char* properties : {"1", "2", "3", "4"}) save("e", properties);
  auto one = claim("e");
  auto two = claim("e");
  auto three = claim("e");
  two->commit();
  three.reset();
  EXPECT_EQ(take("e"), "3");
  one.reset();
  EXPECT_EQ(take("e"), "1");
  EXPECT_EQ(take("e"), "4");
  EXPECT_EQ(take("e"), "miss");
}

TEST_F(CacheClaimTest, ADestinationSeesAConnectionThatCameBack) {
  bind("d", "b1", "e1");
  bind("d", "b2", "e2");
  save("e1", "c1");
  save("e2", "c2");
  cache().find_destination("d", at(0)).reset();
  EXPECT_EQ(take_by("d"), "b1/e1/c1");
}

TEST_F(CacheClaimTest, AClaimedConnectionHasNoDeadline) {
  Line line;
  cache().save_connection("e", "c", at(10), line.kept);
  auto found = claim("e");
  EXPECT_EQ(cache().next_deadline(), kNever);
  EXPECT_EQ(expire(at(10)), 0U);
  EXPECT_FALSE(line.closed());
  found->commit();
  EXPECT_EQ(observer_.take().back(), "left e 'c' found");
}

TEST_F(CacheClaimTest, AConnectionThatComesBackTooLateIsNotFoundAndExpires) {
  Line line;
  cache().save_connection("e", "c", at(10), line.kept);
  bind("d", "b", "e");
  auto found = claim("e", at(10) - kTick);
  expire(at(10));
  found.reset();
  EXPECT_EQ(cache().next_deadline(), at(10));
  observer_.take();
  EXPECT_EQ(expire(at(10)), 1U);
  EXPECT_TRUE(line.closed());
  EXPECT_THAT(observer_.take(), ElementsAre("left e 'c' expired"));
  EXPECT_EQ(take_by("d", at(10)), "miss");
}

TEST_F(CacheClaimTest, AFindDoesNotGiveAConnectionThatCameBackTooLate) {
  save("e", "late", at(10));
  save("e", "live", at(20));
  claim("e", at(9)).reset();
  EXPECT_EQ(take("e", at(10)), "live");
  EXPECT_EQ(observer_.take().at(4), "left e 'late' expired");
}

TEST_F(CacheClaimTest, TheEndpointLivesAsLongAsAClaim) {
  save("e", "c");
  auto found = claim("e");
  EXPECT_EQ(cache().endpoints(), 0U);
  EXPECT_EQ(take("e"), "miss");
  EXPECT_EQ(take("e"), "miss");
  save("e", "other");
  EXPECT_EQ(take("e"), "other");
  EXPECT_EQ(found->record().endpoint, "e");
  found.reset();
  EXPECT_EQ(cache().endpoints(), 1U);
  EXPECT_EQ(take("e"), "c");
  EXPECT_EQ(cache().bytes(), 0U);
}

TEST_F(CacheClaimTest, TheEndpointOutlivesItsBindingsWhileClaimed) {
  save("e", "c", at(20));
  bind("d", "b", "e", at(10));
  auto hit = cache().find_destination("d", at(0));
  ASSERT_TRUE(hit);
  EXPECT_EQ(expire(at(10)), 1U);
  EXPECT_EQ(cache().bindings(), 0U);
  EXPECT_EQ(hit->claim.record().endpoint, "e");
  hit->claim.commit();
  EXPECT_EQ(observer_.take().back(), "left e 'c' found");
  EXPECT_EQ(cache().bytes(), 0U);
}

TEST_F(CacheClaimTest, ABindingToAClaimedEndpointWorksAfterwards) {
  save("e", "c");
  auto found = claim("e");
  bind("d", "b", "e");
  EXPECT_EQ(take_by("d"), "miss");
  found.reset();
  EXPECT_EQ(take_by("d"), "b/e/c");
}

TEST_F(CacheClaimTest, AMovedClaimReleasesOnce) {
  save("e", "c");
  {
    auto first = claim("e");
    Claim second{std::move(*first)};
    first.reset();
    EXPECT_EQ(cache().connections(), 0U);
    EXPECT_EQ(second.record().properties, "c");
    Claim third{std::move(second)};
    third.commit();
  }
  EXPECT_EQ(cache().held(), 0U);
  EXPECT_EQ(observer_.take().back(), "left e 'c' found");
}

}  // namespace
}  // namespace scache::test
