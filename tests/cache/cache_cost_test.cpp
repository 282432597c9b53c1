#include "cache/cache_fixture.hpp"
#include "cache/hash_probe.hpp"

// Each operation hashes each name once, whatever the cache holds; and names that collide, which
// only chance can bring about, cost time but nothing else.

namespace scache::test {

constinit HashProbe hash_probe;

}  // namespace scache::test

// The linker puts it before the cache's own.
namespace {
using HashOfName = std::uint64_t(const scache::NameHash*, std::string_view) noexcept;
}  // namespace
extern "C" HashOfName __real__ZNK6scache8NameHashclESt17basic_string_viewIcSt11char_traitsIcEE;
extern "C" std::uint64_t __wrap__ZNK6scache8NameHashclESt17basic_string_viewIcSt11char_traitsIcEE(
    const scache::NameHash* hash, std::string_view name) noexcept {
  using scache::test::HashProbe;
  ++scache::test::hash_probe.computed;
  const std::uint64_t real =
      __real__ZNK6scache8NameHashclESt17basic_string_viewIcSt11char_traitsIcEE(hash, name);
  // The tables take their position from the high bits and a first comparison from the low ones.
  switch (scache::test::hash_probe.mode) {
    case HashProbe::Mode::positions_collide:
      return real & 0xff;
    case HashProbe::Mode::all_collide:
      return 0;
    case HashProbe::Mode::real:
      break;
  }
  return real;
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
