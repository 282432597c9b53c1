// SPDX-License-Identifier: Apache-2.0
#include "cache/sharded_set.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "cache/names.hpp"

namespace scache::cache {
namespace {

struct Number {
  std::uint64_t hash;
};
struct HashOf {
  using is_transparent = void;
  using is_avalanching = void;
  std::uint64_t operator()(const Number* number) const noexcept { return number->hash; }
  std::uint64_t operator()(std::uint64_t hash) const noexcept { return hash; }
};
struct Same {
  using is_transparent = void;
  bool operator()(const Number* a, const Number* b) const noexcept { return a == b; }
  bool operator()(std::uint64_t a, const Number* b) const noexcept { return a == b->hash; }
  bool operator()(const Number* a, std::uint64_t b) const noexcept { return a->hash == b; }
};
using Numbers = ShardedSet<Number, HashOf, Same>;

class ShardedSetTest : public testing::Test {
 protected:
  ShardedSetTest() {
    const NameHash hash;
    for (std::uint64_t i = 0; i < 200'000; ++i) {
      numbers_.push_back({hash({reinterpret_cast<const char*>(&i), sizeof i})});
    }
  }
  void insert_all() {
    for (Number& number : numbers_) set_.insert(&number);
  }

  std::vector<Number> numbers_;
  Numbers set_;
};

TEST_F(ShardedSetTest, FindsWhatIsInIt) {
  insert_all();
  EXPECT_EQ(set_.size(), numbers_.size());
  for (Number& number : numbers_) EXPECT_EQ(set_.find(number.hash), &number);
  EXPECT_EQ(set_.find(std::uint64_t{7}), nullptr);
  std::size_t visited = 0;
  set_.each([&](Number&) { ++visited; });
  EXPECT_EQ(visited, numbers_.size());
}

TEST_F(ShardedSetTest, ShrinksWhenItIsEmptied) {
  insert_all();
  EXPECT_GT(set_.places(), numbers_.size());
  for (std::size_t i = 0; i < numbers_.size() - 1'000; ++i) set_.erase(&numbers_[i]);
  EXPECT_LE(set_.places(), Numbers::kShards * Numbers::kSmallest);
  for (std::size_t i = numbers_.size() - 1'000; i < numbers_.size(); ++i) {
    EXPECT_EQ(set_.find(numbers_[i].hash), &numbers_[i]);
    set_.erase(&numbers_[i]);
  }
  EXPECT_EQ(set_.size(), 0U);
}

// Repeated erasing and inserting at any size does not make the table shrink and grow in turn.
TEST_F(ShardedSetTest, ComingAndGoingRehashesNothing) {
  insert_all();
  for (std::size_t size = numbers_.size(); size > 1'000; size = size * 9 / 10) {
    while (set_.size() > size) set_.erase(&numbers_[set_.size() - 1]);
    const std::size_t places = set_.places();
    for (int round = 0; round < 10; ++round) {
      for (std::size_t i = size - 100; i < size; ++i) set_.erase(&numbers_[i]);
      for (std::size_t i = size - 100; i < size; ++i) set_.insert(&numbers_[i]);
    }
    EXPECT_GE(set_.places() + Numbers::kShards * Numbers::kSmallest, places);
    EXPECT_LE(set_.places(), places);
  }
}

// The largest table that is rehashed at once.
TEST_F(ShardedSetTest, GrowsAndShrinksInParts) {
  std::size_t most = 0;
  const auto watch = [&](auto&& act) {
    const std::size_t before = set_.places();
    act();
    const std::size_t after = set_.places();
    most = std::max(most, before < after ? after - before : before - after);
  };
  for (Number& number : numbers_) watch([&] { set_.insert(&number); });
  for (Number& number : numbers_) watch([&] { set_.erase(&number); });
  EXPECT_LT(most, numbers_.size() / 64);
}

}  // namespace
}  // namespace scache::cache
