// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cache/cache_fixture.hpp"

namespace scache::cache {
namespace {

using test::at;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class CacheWalkTest : public test::CacheTest {
 protected:
  // Visits all entries in pages of so many entries.
  std::vector<std::string> walk(std::size_t page, const Cache::Visitor& then = keep) {
    std::vector<std::string> shown;
    std::optional<Position> from = Cache::kBeginning;
    while (from) {
      from = cache().walk(*from, page, [&](const Cache::Entry& entry) {
        shown.push_back(spell(entry));
        return then(entry);
      });
    }
    return shown;
  }
  static std::string spell(const Cache::Entry& entry) {
    if (const auto* binding = std::get_if<BindingRecord>(&entry)) {
      return fmt::format("{}>{}{}", binding->destination, binding->endpoint, binding->properties);
    }
    const auto& connection = std::get<ConnectionRecord>(entry);
    return fmt::format("{}{}", connection.endpoint, connection.properties);
  }
  static Cache::Verdict keep(const Cache::Entry&) { return Cache::Verdict::keep; }
};

TEST_F(CacheWalkTest, AnEmptyCacheShowsNothing) {
  EXPECT_THAT(walk(1), IsEmpty());
}

TEST_F(CacheWalkTest, EverythingIsShownInTheOrderOfDeadlinesWhateverThePages) {
  save("e", "1", at(30));
  bind("d", "2", "e", at(10));
  save("f", "3", at(20));
  save("f", "4", at(20));
  for (const std::size_t page : {1U, 2U, 3U, 4U, 5U}) {
    EXPECT_THAT(walk(page), ElementsAre("d>e2", "f3", "f4", "e1"));
  }
}

TEST_F(CacheWalkTest, TellsWhatIsKnownOfAnEntry) {
  Fd fd = test::any_descriptor();
  cache().save_connection("e", "p", at(10), fd, {.id = 7});
  bind("d", "dp", "e", at(11));
  bind("d", "dp", "e", at(12));
  std::vector<Cache::Entry> entries;
  cache().walk(Cache::kBeginning, 10, [&](const Cache::Entry& entry) {
    entries.emplace_back(entry);
    return Cache::Verdict::keep;
  });
  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_EQ(name_of(entries[0]), "e");
  EXPECT_EQ(deadline_of(entries[0]), at(10));
  EXPECT_EQ(std::get<ConnectionRecord>(entries[0]).provenance.id, 7u);
  EXPECT_LT(sequence_of(entries[0]), sequence_of(entries[1]));
  EXPECT_EQ(name_of(entries[1]), "d");
  // The deadline of the binding, not that of its place in the index.
  EXPECT_EQ(deadline_of(entries[1]), at(12));
  EXPECT_EQ(sequence_of(entries[1]), cache().last_sequence());
}

TEST_F(CacheWalkTest, StopEndsThePageBeforeThatEntry) {
  save("e", "1", at(10));
  save("e", "2", at(20));
  int shown = 0;
  const auto from = cache().walk(Cache::kBeginning, 10, [&](const Cache::Entry&) {
    return ++shown == 2 ? Cache::Verdict::stop : Cache::Verdict::keep;
  });
  ASSERT_TRUE(from);
  std::vector<std::string> rest;
  EXPECT_FALSE(cache().walk(*from, 10, [&](const Cache::Entry& entry) {
    rest.push_back(spell(entry));
    return Cache::Verdict::keep;
  }));
  EXPECT_THAT(rest, ElementsAre("e2"));
}

TEST_F(CacheWalkTest, WhatComesAndGoesBetweenPagesHidesNothing) {
  save("e", "1", at(10));
  save("f", "2", at(20));
  save("g", "3", at(30));
  const auto from = cache().walk(Cache::kBeginning, 1, keep);
  ASSERT_TRUE(from);
  take("f");
  save("h", "4", at(5));
  save("i", "5", at(25));
  std::vector<std::string> rest;
  cache().walk(*from, 10, [&](const Cache::Entry& entry) {
    rest.push_back(spell(entry));
    return Cache::Verdict::keep;
  });
  EXPECT_THAT(rest, ElementsAre("i5", "g3"));
}

TEST_F(CacheWalkTest, WhatIsDroppedLeavesAndIsCounted) {
  save("e", "1", at(10));
  bind("d", "2", "e", at(20));
  save("f", "3", at(30));
  observer_.take();
  walk(2, [](const Cache::Entry& entry) {
    return name_of(entry) == "f" ? Cache::Verdict::keep : Cache::Verdict::drop;
  });
  EXPECT_THAT(observer_.take(), ElementsAre("left e '1' dropped", "unbound d '2' e dropped"));
  EXPECT_EQ(cache().connections(), 1u);
  EXPECT_EQ(cache().bindings(), 0u);
  EXPECT_EQ(cache().destinations(), 0u);
}

TEST_F(CacheWalkTest, AnEntryIsDroppedByItsPlace) {
  save("e", "1", at(10));
  const Position first = cache().last_place();
  save("e", "2", at(10));
  bind("d", "3", "e", at(10));
  const Position bound = cache().last_place();
  observer_.take();
  EXPECT_TRUE(cache().drop(first));
  EXPECT_TRUE(cache().drop(bound));
  EXPECT_THAT(observer_.take(), ElementsAre("left e '1' dropped", "unbound d '3' e dropped"));
  EXPECT_FALSE(cache().drop(first));
  EXPECT_EQ(cache().connections(), 1u);
}

TEST_F(CacheWalkTest, AConnectionIsDiscardedByItsPlace) {
  save("e", "1", at(10));
  const Position first = cache().last_place();
  save("e", "2", at(10));
  bind("d", "3", "e", at(10));
  const Position bound = cache().last_place();
  ASSERT_TRUE(cache().connection_at(first));
  EXPECT_EQ(cache().connection_at(first)->properties, "1");
  EXPECT_EQ(cache().connection_at(first)->place, first);
  EXPECT_FALSE(cache().connection_at(bound)) << "it is a binding";
  EXPECT_FALSE(cache().claim_at(bound));
  {
    const auto claim = cache().claim_at(first);
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->record().properties, "1");
    EXPECT_FALSE(cache().claim_at(first)) << "it is claimed";
    EXPECT_FALSE(cache().connection_at(first));
  }
  EXPECT_TRUE(cache().connection_at(first)) << "it is returned to its place";
  observer_.take();
  EXPECT_TRUE(cache().discard(first));
  EXPECT_THAT(observer_.take(), ElementsAre("left e '1' dead"));
  EXPECT_FALSE(cache().discard(first));
  EXPECT_FALSE(cache().discard(bound));
  EXPECT_FALSE(cache().connection_at(first));
  EXPECT_EQ(take("e"), "2");
}

TEST_F(CacheWalkTest, AClaimedConnectionHasNoPlace) {
  save("e", "1", at(10));
  const Position place = cache().last_place();
  {
    const auto claim = cache().find_endpoint("e", at(0));
    EXPECT_FALSE(cache().connection_at(place));
    EXPECT_FALSE(cache().discard(place));
  }
  EXPECT_TRUE(cache().discard(place));
  EXPECT_EQ(cache().endpoints(), 0u);
  EXPECT_EQ(cache().bytes(), 0u);
}

TEST_F(CacheWalkTest, AnObserverThatStopsIsNotCalled) {
  cache().stop_observing(observer_);
  save("e", "1", at(10));
  EXPECT_THAT(observer_.take(), testing::IsEmpty());
  cache().observe(observer_);
}

TEST_F(CacheWalkTest, AConnectionKeepsItsPlaceWhenAClaimReturnsIt) {
  save("e", "1", at(10));
  const Position place = cache().last_place();
  save("e", "2", at(10));
  {
    const auto claim = cache().find_endpoint("e", at(0));
    EXPECT_FALSE(cache().drop(place)) << "it is claimed";
  }
  EXPECT_TRUE(cache().drop(place));
  EXPECT_EQ(take("e"), "2");
}

TEST_F(CacheWalkTest, AClaimedConnectionIsNotShown) {
  save("e", "1");
  const auto claim = cache().find_endpoint("e", at(0));
  ASSERT_TRUE(claim);
  EXPECT_THAT(walk(10), IsEmpty());
}

TEST_F(CacheWalkTest, ConnectionsOfAnEndpointAreDroppedOldestFirst) {
  save("e", "1");
  save("f", "2");
  save("e", "3");
  const std::uint64_t last = cache().last_sequence();
  save("e", "4");
  observer_.take();
  EXPECT_EQ(cache().drop_connections("e", last, 1), 1u);
  EXPECT_THAT(observer_.take(), ElementsAre("left e '1' dropped"));
  EXPECT_EQ(cache().drop_connections("e", last, 10), 1u);
  EXPECT_EQ(cache().drop_connections("e", last, 10), 0u);
  EXPECT_EQ(take("e"), "4");
  EXPECT_EQ(cache().drop_connections("e", cache().last_sequence(), 10), 0u);
  EXPECT_EQ(cache().drop_connections("f", cache().last_sequence(), 10), 1u);
  EXPECT_EQ(cache().endpoints(), 0u);
  EXPECT_EQ(cache().bytes(), 0u);
}

TEST_F(CacheWalkTest, BindingsOfADestinationAreDroppedAndTheirConnectionsStay) {
  bind("d", "1", "e");
  bind("d", "2", "f");
  bind("c", "3", "e");
  save("e", "4");
  EXPECT_EQ(cache().drop_bindings("d"), 2u);
  EXPECT_EQ(cache().drop_bindings("d"), 0u);
  EXPECT_EQ(cache().bindings(), 1u);
  EXPECT_EQ(take_by("d"), "miss");
  EXPECT_EQ(take_by("c"), "3/e/4");
}

class CacheNewestFirstTest : public test::CacheTest {
 protected:
  void SetUp() override {
    CacheTest::SetUp();
    cache().find_newest_first([](std::string_view endpoint) { return endpoint == "new"; });
  }
};

TEST_F(CacheNewestFirstTest, OnlyOfTheEndpointsThatAreMeant) {
  for (const char* endpoint : {"new", "old"}) {
    save(endpoint, "1");
    save(endpoint, "2");
    save(endpoint, "3");
  }
  EXPECT_EQ(take("new"), "3");
  EXPECT_EQ(take("new"), "2");
  EXPECT_EQ(take("old"), "1");
  EXPECT_EQ(take("old"), "2");
}

TEST_F(CacheNewestFirstTest, DueOnesOnTheWayLeave) {
  save("new", "1", at(30));
  save("new", "2", at(10));
  save("new", "3", at(20));
  observer_.take();
  EXPECT_EQ(take("new", at(20)), "1");
  EXPECT_THAT(observer_.take(), ElementsAre("left new '3' expired", "left new '2' expired",
                                            "claimed new '1'", "left new '1' found"));
  save("new", "4", at(10));
  EXPECT_EQ(take("new", at(20)), "miss");
  EXPECT_EQ(cache().endpoints(), 0u);
}

TEST_F(CacheNewestFirstTest, ByDestinationToo) {
  bind("d", "b", "new");
  save("new", "1");
  save("new", "2");
  EXPECT_EQ(take_by("d"), "b/new/2");
}

}  // namespace
}  // namespace scache::cache
