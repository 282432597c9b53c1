#include <sodium/crypto_shorthash.h>

#include "cache/cache_fixture.hpp"
#include "cache/hash_probe.hpp"

// Each operation hashes each name once, whatever the cache holds; and names that collide, which
// only chance can bring about, cost time but nothing else.

namespace scache::test {

constinit HashProbe hash_probe;

}  // namespace scache::test

// Takes the place of libsodium's function in this program.
extern "C" int crypto_shorthash(unsigned char* out, const unsigned char* in,
                                unsigned long long length, const unsigned char* key) {
  using scache::test::HashProbe;
  auto& probe = scache::test::hash_probe;
  ++probe.computed;
  const int answer = crypto_shorthash_siphash24(out, in, length, key);
  if (probe.mode == HashProbe::Mode::real) return answer;
  // The tables take their position from the high bits and a first comparison from the low ones.
  for (std::size_t i = 0; i < crypto_shorthash_BYTES; ++i) {
    if (i > 0 || probe.mode == HashProbe::Mode::all_collide) out[i] = 0;
  }
  return answer;
}

namespace scache::test {
namespace {

class CacheCostTest : public CacheTest {
 protected:
  template <typename Act>
  std::size_t hashes(Act&& act) {
    const std::size_t before = hash_probe.computed;
    act();
    return hash_probe.computed - before;
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

TEST_F(CacheCostTest, CollidingNamesKeepApart) {
  for (const auto mode : {HashProbe::Mode::positions_collide, HashProbe::Mode::all_collide}) {
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
