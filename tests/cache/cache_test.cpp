// SPDX-License-Identifier: Apache-2.0
#include "cache/cache.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cache/cache_fixture.hpp"
#include "support/rooms.hpp"

// Saves and lookups.

namespace scache::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(CacheTest, AnEmptyCacheFindsNothing) {
  EXPECT_EQ(take("e"), "miss");
  EXPECT_EQ(take_by("d"), "miss");
  EXPECT_EQ(expire(at(1'000'000)), 0U);
  EXPECT_EQ(expire(kNever), 0U);
  EXPECT_EQ(cache().next_deadline(), kNever);
  EXPECT_THAT(observer_.take(), IsEmpty());
}

TEST_F(CacheTest, AnEndpointGivesItsOldestConnectionFirst) {
  for (const char* properties : {"1", "2", "3"})
    EXPECT_EQ(save("e", properties), SaveOutcome::saved);
  EXPECT_EQ(take("e"), "1");
  EXPECT_EQ(take("e"), "2");
  save("e", "4");
  EXPECT_EQ(take("e"), "3");
  EXPECT_EQ(take("e"), "4");
  EXPECT_EQ(take("e"), "miss");
}

TEST_F(CacheTest, TheDeadlineDoesNotChangeTheOrder) {
  save("e", "late", at(300));
  save("e", "early", at(100));
  EXPECT_EQ(take("e"), "late");
  EXPECT_EQ(take("e"), "early");
}

TEST_F(CacheTest, EndpointsKeepApart) {
  save("e1", "1");
  save("e2", "2");
  EXPECT_EQ(take("e2"), "2");
  EXPECT_EQ(take("e2"), "miss");
  EXPECT_EQ(take("e"), "miss");
  EXPECT_EQ(take("e11"), "miss");
  EXPECT_EQ(take("e1"), "1");
}

TEST_F(CacheTest, EqualConnectionsAreSeveral) {
  save("e", "same");
  save("e", "same");
  EXPECT_EQ(cache().connections(), 2U);
  EXPECT_EQ(take("e"), "same");
  EXPECT_EQ(take("e"), "same");
  EXPECT_EQ(take("e"), "miss");
}

TEST_F(CacheTest, TheDescriptorIsTheOneThatWasSaved) {
  Fd memory{::memfd_create("connection", MFD_CLOEXEC)};
  const int number = memory.get();
  ASSERT_EQ(::fcntl(number, F_SETFL, O_NONBLOCK | ::fcntl(number, F_GETFL)), 0);
  const int status = ::fcntl(number, F_GETFL);
  struct stat before{};
  ASSERT_EQ(::fstat(number, &before), 0);

  EXPECT_EQ(cache().save_connection("e", "p", at(10), memory), SaveOutcome::saved);
  EXPECT_FALSE(memory);

  auto claim = cache().find_endpoint("e", at(0));
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->record().descriptor, number);
  EXPECT_EQ(::fcntl(number, F_GETFL), status);
  EXPECT_EQ(::fcntl(number, F_GETFD), FD_CLOEXEC);
  struct stat after{};
  ASSERT_EQ(::fstat(claim->record().descriptor, &after), 0);
  EXPECT_EQ(after.st_ino, before.st_ino);
}

TEST_F(CacheTest, TheObserverIsToldTheDescriptorAndOwnsItAfterwards) {
  Line line;
  const int number = line.kept.get();
  cache().save_connection("e", "p", at(10), line.kept);
  EXPECT_THAT(observer_.take_saved_descriptors(), ElementsAre(number));
  EXPECT_FALSE(line.closed());
  EXPECT_EQ(take("e"), "p");
  EXPECT_THAT(observer_.take_left_descriptors(), ElementsAre(number));
  EXPECT_TRUE(line.closed());
}

TEST_F(CacheTest, ADestinationLeadsToItsEndpointsConnection) {
  bind("d", "b", "e");
  save("e", "c");
  EXPECT_EQ(take_by("d"), "b/e/c");
  EXPECT_EQ(take_by("d"), "miss");
}

TEST_F(CacheTest, TheConnectionMayBeSavedBeforeItsBinding) {
  save("e", "c");
  EXPECT_EQ(take_by("d"), "miss");
  bind("d", "b", "e");
  EXPECT_EQ(take_by("d"), "b/e/c");
}

TEST_F(CacheTest, ABindingServesEveryConnectionOfItsEndpoint) {
  bind("d", "b", "e");
  save("e", "1");
  save("e", "2");
  EXPECT_EQ(take_by("d"), "b/e/1");
  EXPECT_EQ(take("e"), "2");
  save("e", "3");
  EXPECT_EQ(take_by("d"), "b/e/3");
}

TEST_F(CacheTest, ADestinationTakesTheFirstBindingWhoseEndpointHasAConnection) {
  bind("d", "b1", "e1");
  bind("d", "b2", "e2");
  bind("d", "b3", "e3");
  save("e3", "c3");
  save("e2", "c2");
  EXPECT_EQ(take_by("d"), "b2/e2/c2");
  EXPECT_EQ(take_by("d"), "b3/e3/c3");
  save("e3", "c3 again");
  save("e1", "c1");
  EXPECT_EQ(take_by("d"), "b1/e1/c1");
  EXPECT_EQ(take_by("d"), "b3/e3/c3 again");
  EXPECT_EQ(take_by("d"), "miss");
}

TEST_F(CacheTest, OneEndpointServesManyDestinations) {
  bind("d1", "b1", "e");
  bind("d2", "b2", "e");
  save("e", "1");
  save("e", "2");
  EXPECT_EQ(take_by("d2"), "b2/e/1");
  EXPECT_EQ(take_by("d1"), "b1/e/2");
  EXPECT_EQ(take_by("d2"), "miss");
}

TEST_F(CacheTest, OfTwoBindingsToOneEndpointTheFirstAnswers) {
  bind("d", "first", "e");
  bind("d", "second", "e");
  EXPECT_EQ(cache().bindings(), 2U);
  save("e", "1");
  save("e", "2");
  EXPECT_EQ(take_by("d"), "first/e/1");
  EXPECT_EQ(take_by("d"), "first/e/2");
}

TEST_F(CacheTest, DestinationsAndEndpointsMayHaveTheSameName) {
  bind("name", "b", "name");
  save("name", "c");
  EXPECT_EQ(take_by("name"), "b/name/c");
  save("other", "c");
  EXPECT_EQ(take_by("other"), "miss");
}

// Another endpoint reuses an endpoint's place in the table of connections.
TEST_F(CacheTest, ABindingIsNotMisledByANewEndpoint) {
  bind("d", "b", "e");
  save("gone", "c");
  take("gone");
  save("new", "c");
  EXPECT_EQ(take_by("d"), "miss");
  save("e", "mine");
  EXPECT_EQ(take_by("d"), "b/e/mine");
}

TEST_F(CacheTest, TheObserverHearsEveryChangeInItsOrder) {
  bind("d", "b", "e", at(10));
  save("e", "1", at(10));
  save("e", "2", at(20));
  bind("d", "b", "e", at(30));
  take_by("d", at(5));
  expire(at(30));
  EXPECT_THAT(observer_.take(), ElementsAre("bound d 'b' e", "saved e '1'", "saved e '2'",
                                            "renewed d 'b' e", "claimed e '1'", "left e '1' found",
                                            "left e '2' expired", "unbound d 'b' e expired"));
}

TEST_F(CacheTest, EndingTheCacheClosesWhatItHas) {
  Line one;
  Line two;
  Line three;
  cache().save_connection("e1", "p", at(10), one.kept);
  cache().save_connection("e1", "p", at(10), two.kept);
  cache().save_connection("e2", "p", kNever, three.kept);
  bind("d", "b", "e1");
  bind("d", "b", "e3");
  observer_.take();
  start({});
  EXPECT_TRUE(one.closed());
  EXPECT_TRUE(two.closed());
  EXPECT_TRUE(three.closed());
  EXPECT_THAT(observer_.take(), IsEmpty());
}

TEST_F(CacheTest, CountsFollowEveryChange) {
  const auto counts = [&] {
    return std::array{cache().connections(), cache().held(), cache().endpoints(),
                      cache().destinations(), cache().bindings()};
  };
  EXPECT_THAT(counts(), ElementsAre(0, 0, 0, 0, 0));
  bind("d1", "b", "e1");
  EXPECT_THAT(counts(), ElementsAre(0, 0, 0, 1, 1));
  bind("d1", "b", "e2");
  bind("d2", "b", "e1");
  EXPECT_THAT(counts(), ElementsAre(0, 0, 0, 2, 3));
  save("e1", "1");
  save("e1", "2");
  save("e3", "3");
  EXPECT_THAT(counts(), ElementsAre(3, 3, 2, 2, 3));
  {
    auto claim = cache().find_endpoint("e3", at(0));
    EXPECT_THAT(counts(), ElementsAre(2, 3, 1, 2, 3));
  }
  EXPECT_THAT(counts(), ElementsAre(3, 3, 2, 2, 3));
  take("e3");
  EXPECT_THAT(counts(), ElementsAre(2, 2, 1, 2, 3));
  take_by("d1");
  EXPECT_THAT(counts(), ElementsAre(1, 1, 1, 2, 3));
  expire(at(1000));
  EXPECT_THAT(counts(), ElementsAre(0, 0, 0, 0, 0));
  EXPECT_EQ(cache().bytes(), 0U);
}

TEST_F(CacheTest, RefusedOrMissedLookupsChangeNothing) {
  bind("d", "b", "e");
  const std::size_t bytes = cache().bytes();
  observer_.take();
  EXPECT_EQ(take_by("d"), "miss");
  EXPECT_EQ(take("e"), "miss");
  EXPECT_EQ(take("unknown"), "miss");
  EXPECT_EQ(cache().bytes(), bytes);
  EXPECT_EQ(cache().endpoints(), 0U);
  EXPECT_THAT(observer_.take(), IsEmpty());
  save("e", "c");
  EXPECT_EQ(take_by("d"), "b/e/c");
}

}  // namespace
}  // namespace scache::test
