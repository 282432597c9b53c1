// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <vector>

#include "cache/cache_fixture.hpp"
#include "cache/colliding_names.hpp"
#include "support/rooms.hpp"

// Each operation hashes each name once, and visits a number of nodes that does not depend on the
// size of the cache. Colliding names, which clients cannot choose, cost only time.

namespace scache::test {
namespace {

class CacheCostTest : public CacheTest {
 protected:
  template <typename Act>
  std::size_t hashes(Act&& act) {
    const std::size_t before = cache_hooks.hashes;
    act();
    return cache_hooks.hashes - before;
  }

  void expect_constant_cost(int size) {
    const std::string name = fmt::format("e{}", size / 2);
    EXPECT_EQ(hashes([&] { save("new", "c"); }), 1U);
    EXPECT_EQ(hashes([&] { save(name, "c"); }), 1U);
    EXPECT_EQ(hashes([&] { bind("new", "b", "new"); }), 3U);
    EXPECT_EQ(hashes([&] { bind("d", "b", "new"); }), 3U);
    EXPECT_EQ(hashes([&] { bind("d", "b", "new"); }), 3U);
    EXPECT_EQ(hashes([&] { cache().find_endpoint(name, at(0)); }), 1U);
    EXPECT_EQ(hashes([&] { cache().find_endpoint("nobody", at(0)); }), 1U);
    EXPECT_EQ(hashes([&] { cache().find_destination("d", at(0)); }), 1U);
    EXPECT_EQ(hashes([&] { take_by("d"); }), 1U);
    EXPECT_EQ(hashes([&] { cache().find_destination("nobody", at(0)); }), 1U);
    EXPECT_EQ(hashes([&] { expire(at(1000)); }), 0U);
  }
};

TEST_F(CacheCostTest, EachNameIsHashedOnceInASmallCache) {
  bind("d", "b", "e0");
  save("e0", "c");
  expect_constant_cost(1);
}

TEST_F(CacheCostTest, EachNameIsHashedOnceInALargeCache) {
  for (int i = 0; i < 20'000; ++i) {
    const std::string name = fmt::format("e{}", i);
    bind("d", "b", name);
    bind(name, "b", name);
    if (i % 50 == 0) save(name, "c");
  }
  EXPECT_EQ(cache().bindings(), 21'024U);
  expect_constant_cost(20'000);
}

// The maximum number of nodes that one step visits, in an endpoint of so many connections: claims
// are returned at once, in the order of the lookups, in reverse order, and after other saves.
class CacheVisitTest : public CacheTest, public testing::WithParamInterface<bool> {
 protected:
  template <typename Act>
  void step(Act&& act) {
    const std::size_t before = cache_hooks.visits;
    act();
    most_ = std::max(most_, cache_hooks.visits - before);
  }

  std::size_t most_visits(int size) {
    start({.connections = 100'000});
    if (GetParam()) cache().find_newest_first([](std::string_view) { return true; });
    for (int i = 0; i < size; ++i) save("e", "c", at(1000 + i));
    most_ = 0;
    std::vector<std::optional<Claim>> claims(64);
    const auto take_all = [&] {
      for (auto& claim : claims) step([&] { claim.emplace(*cache().find_endpoint("e", at(0))); });
    };
    for (int round = 0; round < 4; ++round) {
      for (int i = 0; i < 100; ++i) {
        std::optional<Claim> claim;
        step([&] { claim.emplace(*cache().find_endpoint("e", at(0))); });
        if (round % 2 == 1) step([&] { save("e", "later", at(5000)); });
        step([&] { claim.reset(); });
      }
      take_all();
      for (auto& claim : claims) step([&] { claim.reset(); });
      take_all();
      while (!claims.empty()) step([&] { claims.pop_back(); });
      claims.resize(64);
    }
    return most_;
  }

 private:
  std::size_t most_ = 0;
};

// Twice a logarithm, for the order of the endpoint and for the deadlines: 256 times as many
// connections add eight levels to each tree, and a tree is at most twice as deep as necessary.
TEST_P(CacheVisitTest, AClaimThatComesBackCostsALogarithmAtMost) {
  const std::size_t small = most_visits(64);
  const std::size_t large = most_visits(64 * 256);
  EXPECT_LE(small, 40U);
  EXPECT_LE(large, small + 2 * 2 * 8);
}

TEST_P(CacheVisitTest, FindingAndSavingCostTheSame) {
  const auto visits = [&](int size) {
    start({.connections = 100'000});
    if (GetParam()) cache().find_newest_first([](std::string_view) { return true; });
    for (int i = 0; i < size; ++i) save("e", "c", at(1000 + i));
    const std::size_t before = cache_hooks.visits;
    take("e");
    save("e", "c", at(1'000'000));
    return cache_hooks.visits - before;
  };
  EXPECT_EQ(visits(16), visits(16'384));
}

INSTANTIATE_TEST_SUITE_P(BothOrders, CacheVisitTest, testing::Bool(), [](const auto& chosen) {
  return chosen.param ? "NewestFirst" : "OldestFirst";
});

TEST_F(CacheCostTest, CollidingNamesKeepApart) {
  for (const auto mode : {CollidingNames::Mode::places, CollidingNames::Mode::all}) {
    const CollidingNames colliding{mode};
    start({});
    for (int i = 0; i < 300; ++i) {
      const std::string number = fmt::format("{}", i);
      EXPECT_EQ(bind(number, number, number), SaveOutcome::saved);
      EXPECT_EQ(bind(number, number, number), SaveOutcome::renewed);
      save(number, number);
    }
    EXPECT_EQ(cache().endpoints(), 300U);
    EXPECT_EQ(cache().destinations(), 300U);
    for (int i = 299; i >= 0; --i) {
      const std::string number = fmt::format("{}", i);
      EXPECT_EQ(take_by(number), fmt::format("{0}/{0}/{0}", i));
      EXPECT_EQ(take(number), "miss");
    }
  }
}

}  // namespace
}  // namespace scache::test
