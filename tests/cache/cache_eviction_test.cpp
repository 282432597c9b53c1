// SPDX-License-Identifier: Apache-2.0
#include "cache/cache_fixture.hpp"
#include "support/rooms.hpp"

// Which entries leave when there is no room for a new one.

namespace scache::test {
namespace {

using testing::ElementsAre;

constexpr std::uint32_t kGreedy = 1;
constexpr std::uint32_t kModest = 2;

class CacheEvictionTest : public CacheTest {
 protected:
  SaveOutcome save_as(std::uint32_t user, std::string_view properties) {
    return save(fmt::format("e{}", user), properties, at(1000), user);
  }
  SaveOutcome bind_as(std::uint32_t user, std::string_view destination) {
    return bind(destination, "b", "e", at(1000), user);
  }
  // The properties of what left since the last call.
  std::vector<std::string> evicted() {
    std::vector<std::string> names;
    for (const std::string& line : observer_.take()) {
      if (line.find("evicted") == std::string::npos) continue;
      names.push_back(line.substr(line.find('\'') + 1));
      names.back().resize(names.back().find('\''));
    }
    return names;
  }
  std::size_t count_of(std::uint32_t user) {
    std::size_t count = 0;
    cache().walk(Cache::kBeginning, SIZE_MAX, [&](const Cache::Entry& entry) {
      const auto* const connection = std::get_if<ConnectionRecord>(&entry);
      count += (connection != nullptr ? connection->provenance.owner
                                      : std::get<BindingRecord>(entry).owner) == user;
      return Cache::Verdict::keep;
    });
    return count;
  }
};

TEST_F(CacheEvictionTest, AloneAUserReplacesWhatItHasNotUsedForLongest) {
  start({.connections = 3});
  for (const char* name : {"1", "2", "3"}) save_as(kGreedy, name);
  // It was found, and is returned: it was used.
  EXPECT_TRUE(cache().find_endpoint("e1", at(0)));
  for (const char* name : {"4", "5", "6"}) save_as(kGreedy, name);
  EXPECT_THAT(evicted(), ElementsAre("2", "3", "1"));
}

TEST_F(CacheEvictionTest, AUserMayUseWhatIsFree) {
  start({.connections = 10});
  save_as(kModest, "m");
  for (int i = 0; i < 9; ++i) save_as(kGreedy, "g");
  EXPECT_THAT(evicted(), ElementsAre());
}

TEST_F(CacheEvictionTest, TheGreedyMakesRoomForTheModest) {
  start({.connections = 10});
  for (int i = 0; i < 10; ++i) save_as(kGreedy, fmt::format("g{}", i));
  for (const char* name : {"m1", "m2", "m3"}) EXPECT_EQ(save_as(kModest, name), SaveOutcome::saved);
  EXPECT_THAT(evicted(), ElementsAre("g0", "g1", "g2"));
  // More of the greedy displaces its own only.
  for (int i = 0; i < 100; ++i) save_as(kGreedy, "g");
  EXPECT_EQ(count_of(kModest), 3U);
  EXPECT_EQ(count_of(kGreedy), 7U);
  for (const char* name : {"m1", "m2", "m3"}) EXPECT_EQ(take("e2"), name);
}

TEST_F(CacheEvictionTest, BothGreedyHaveHalfEach) {
  start({.connections = 10});
  for (int i = 0; i < 10; ++i) save_as(kGreedy, "1");
  for (int i = 0; i < 100; ++i) save_as(kModest, "2");
  EXPECT_EQ(count_of(kGreedy), 5U);
  EXPECT_EQ(count_of(kModest), 5U);
  for (int i = 0; i < 100; ++i) save_as(kGreedy, "1");
  EXPECT_EQ(count_of(kGreedy), 5U);
}

TEST_F(CacheEvictionTest, WithEqualAmountsTheSaverReplacesItsOwn) {
  start({.connections = 3});
  for (const char* name : {"g1", "g2"}) save_as(kGreedy, name);
  save_as(kModest, "m1");
  save_as(kModest, "m2");
  EXPECT_THAT(evicted(), ElementsAre("m1"));
  save_as(kGreedy, "g3");
  EXPECT_THAT(evicted(), ElementsAre("g1"));
}

TEST_F(CacheEvictionTest, WithMoreUsersThanRoomTheLongestServedLeaves) {
  start({.connections = 3});
  for (std::uint32_t user = 1; user <= 6; ++user) {
    EXPECT_EQ(save_as(user, std::to_string(user)), SaveOutcome::saved);
  }
  EXPECT_THAT(evicted(), ElementsAre("1", "2", "3"));
}

TEST_F(CacheEvictionTest, ClaimedConnectionsCountAndStay) {
  start({.connections = 4});
  for (const char* name : {"g1", "g2", "g3"}) save_as(kGreedy, name);
  save_as(kModest, "m1");
  std::vector<Claim> claims;
  for (int i = 0; i < 3; ++i) claims.push_back(*cache().find_endpoint("e1", at(0)));
  // The greedy has nothing to give.
  EXPECT_EQ(save_as(kModest, "m2"), SaveOutcome::saved);
  EXPECT_THAT(evicted(), ElementsAre("m1"));
  EXPECT_EQ(save_as(kGreedy, "g4"), SaveOutcome::saved);
  EXPECT_THAT(evicted(), ElementsAre("m2"));
  claims.clear();
  EXPECT_EQ(save_as(kModest, "m3"), SaveOutcome::saved);
  EXPECT_THAT(evicted(), ElementsAre("g4"));
}

TEST_F(CacheEvictionTest, LargePropertiesMakeRoomForSmallOnes) {
  start({.connection_bytes = std::size_t{1} << 20, .binding_bytes = std::size_t{1} << 20});
  const std::string large(std::size_t{64} << 10, 'p');
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(save("e1", large, at(1000), kGreedy), SaveOutcome::saved);
    EXPECT_EQ(bind(fmt::format("d{}", i), large, "e1", at(1000), kGreedy), SaveOutcome::saved);
  }
  EXPECT_EQ(cache().connections(), 15U);
  EXPECT_EQ(cache().bindings(), 15U);
  // It has far more entries, and fewer bytes.
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(save("e2", "m", at(1000), kModest), SaveOutcome::saved);
    EXPECT_EQ(bind(fmt::format("m{}", i), "m", "e2", at(1000), kModest), SaveOutcome::saved);
  }
  for (int i = 0; i < 40; ++i) {
    save("e1", large, at(1000), kGreedy);
    bind(fmt::format("d{}", i), large, "e1", at(1000), kGreedy);
  }
  EXPECT_EQ(count_of(kModest), 1'000U);
  EXPECT_GE(count_of(kGreedy), 20U);
}

TEST_F(CacheEvictionTest, ALargeEntryDisplacesManySmallOnes) {
  start({.connection_bytes = 10'000});
  while (evicted().empty()) save_as(kGreedy, "g");
  const std::size_t before = cache().connections();
  EXPECT_EQ(save_as(kModest, std::string(4'000, 'm')), SaveOutcome::saved);
  EXPECT_LT(cache().connections(), before - 10);
  EXPECT_LE(cache().connection_bytes(), 10'000U);
}

TEST_F(CacheEvictionTest, ARenewedOrFoundBindingIsUsed) {
  start({.bindings = 4});
  for (const char* destination : {"1", "2", "3", "4"}) bind_as(kGreedy, destination);
  EXPECT_EQ(bind("1", "b", "e", at(2000), kGreedy), SaveOutcome::renewed);
  save("e", "c");
  EXPECT_EQ(take_by("2"), "b/e/c");
  observer_.take();
  bind_as(kGreedy, "5");
  EXPECT_THAT(observer_.take(),
              ElementsAre("bound 5 'b' e", "unbound 3 'b' e evicted for a share"));
  bind_as(kGreedy, "6");
  EXPECT_THAT(observer_.take(),
              ElementsAre("bound 6 'b' e", "unbound 4 'b' e evicted for a share"));
  bind_as(kGreedy, "7");
  EXPECT_THAT(observer_.take(),
              ElementsAre("bound 7 'b' e", "unbound 1 'b' e evicted for a share"));
}

TEST_F(CacheEvictionTest, ARenewalKeepsTheOwner) {
  start({.bindings = 2});
  bind_as(kModest, "1");
  bind_as(kGreedy, "2");
  EXPECT_EQ(bind_as(kGreedy, "1"), SaveOutcome::renewed);
  EXPECT_EQ(count_of(kModest), 1U);
  bind_as(kGreedy, "3");
  EXPECT_EQ(count_of(kModest), 1U);
}

TEST_F(CacheEvictionTest, TheNewEntryIsNeverTheOneThatLeaves) {
  // A destination and an endpoint that only the evicted binding uses, too.
  start({.connections = 1, .bindings = 1});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(bind("d", std::to_string(i), "e"), SaveOutcome::saved);
    EXPECT_EQ(save("e", std::to_string(i)), SaveOutcome::saved);
    EXPECT_EQ(cache().destinations(), 1U);
    EXPECT_EQ(take_by("d"), fmt::format("{0}/e/{0}", i));
    save("e", std::to_string(i));
  }
}

// A user that replaces its own bindings, with properties of 64 KiB each.
class ReplacementTest : public CacheEvictionTest {
 protected:
  static constexpr std::size_t kSize = std::size_t{64} << 10;
  static constexpr std::size_t kLimit = 2 * Replacements::kMost;

  // Saves new bindings until one is refused, at most as many as take twice the limit.
  std::size_t bind_until_refused(std::uint32_t user, Instant now) {
    const std::size_t most = 2 * kLimit / kSize;
    std::size_t saved = 0;
    while (saved < most && bind_new(user, now) == SaveOutcome::saved) ++saved;
    return saved;
  }
  SaveOutcome bind_new(std::uint32_t user, Instant now) {
    return cache().save_binding(fmt::format("d{}", ++number_), properties_, "e", at(1000), now,
                                user);
  }

 private:
  std::string properties_ = std::string(kSize, 'p');
  int number_ = 0;
};

TEST_F(ReplacementTest, IsLimitedInASecond) {
  start({.binding_bytes = kLimit});
  const std::size_t all = kLimit / kSize - 1;
  const std::size_t replaced = Replacements::kMost / kSize;
  // A binding also has a few hundred bytes for its names.
  EXPECT_NEAR(static_cast<double>(bind_until_refused(kGreedy, at(0))),
              static_cast<double>(all + replaced), 8);
  const Instant later = at(0) + Replacements::kPeriod;
  EXPECT_EQ(bind_new(kGreedy, later - Duration{1}), SaveOutcome::full);
  EXPECT_NEAR(static_cast<double>(bind_until_refused(kGreedy, later)),
              static_cast<double>(replaced), 1);
  EXPECT_EQ(bind_new(kModest, later), SaveOutcome::saved) << "others displace as ever";
  EXPECT_EQ(save_as(kGreedy, "c"), SaveOutcome::saved) << "connections have no such limit";
}

TEST_F(ReplacementTest, RefusesNothingForWhichThereIsRoom) {
  start({.binding_bytes = kLimit});
  bind_until_refused(kGreedy, at(0));
  EXPECT_EQ(bind_new(kGreedy, at(0)), SaveOutcome::full);
  cache().expire(kNever, 1);
  EXPECT_EQ(bind_new(kGreedy, at(0)), SaveOutcome::saved);
  EXPECT_EQ(bind_new(kGreedy, at(0)), SaveOutcome::full);
}

// The cost of a save that evicts: the entry, its places, and the holders with their neighbours.
std::size_t most_visits(Cache& cache, int saves) {
  std::size_t most = 0;
  for (int i = 0; i < saves; ++i) {
    Fd fd = any_descriptor();
    const std::string name = fmt::format("n{}", i);
    const std::size_t before = cache_hooks.visits;
    cache.save_connection("e", name, at(100'000), fd, {.owner = kGreedy});
    cache.save_binding(name, "b", name, at(100'000), at(0), kGreedy);
    most = std::max(most, cache_hooks.visits - before);
  }
  return most;
}

TEST_F(CacheEvictionTest, AnEvictionVisitsAsManyNodesInALargeCache) {
  const auto visits = [&](int size) {
    start({.connections = static_cast<std::size_t>(size),
           .bindings = static_cast<std::size_t>(size)});
    for (int i = 0; i < size; ++i) {
      save(fmt::format("s{}", i), "c", at(1000 + i), kGreedy);
      bind(fmt::format("s{}", i), "b", "e", at(1000 + i), kGreedy);
    }
    // Each was used: none is the first to leave.
    for (int i = 0; i < size; ++i) bind(fmt::format("s{}", i), "b", "e", at(2000 + i), kGreedy);
    return most_visits(cache(), 64);
  };
  EXPECT_LE(visits(128), 40U);
  EXPECT_LE(visits(16'384), 40U);
}

TEST_F(CacheEvictionTest, ManyUsersCostALogarithm) {
  const auto visits = [&](int users) {
    start({.connections = static_cast<std::size_t>(users),
           .bindings = static_cast<std::size_t>(users)});
    for (int i = 0; i < users; ++i) {
      const auto user = static_cast<std::uint32_t>(i + 10);
      save(fmt::format("s{}", i), "c", at(1000 + i), user);
      bind(fmt::format("s{}", i), "b", "e", at(1000 + i), user);
    }
    return most_visits(cache(), 64);
  };
  const std::size_t few = visits(64);
  // Eight more levels in each ranking of both kinds, at most twice as deep as necessary, for the
  // user that saves and the user that gives.
  EXPECT_LE(visits(64 * 256), few + 2 * 2 * 2 * 2 * 8);
  EXPECT_LE(few, 160U);
}

}  // namespace
}  // namespace scache::test
