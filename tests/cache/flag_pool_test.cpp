// SPDX-License-Identifier: Apache-2.0
#include "cache/flag_pool.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace scache::cache {
namespace {

class FlagPoolTest : public testing::Test {
 protected:
  void take(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) flags_.push_back(pool_.take());
  }
  void give(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      pool_.give(flags_.back());
      flags_.pop_back();
    }
  }
  void TearDown() override { give(flags_.size()); }

  FlagPool pool_;
  std::vector<FlagPool::Flag> flags_;
};

TEST_F(FlagPoolTest, EachTakerHasAFlagOfItsOwn) {
  take(3 * FlagPool::kFlagsOfPage + 1);
  std::set<std::uint8_t*> places;
  for (const auto& flag : flags_) places.insert(flag.value);
  EXPECT_EQ(places.size(), flags_.size());
  EXPECT_EQ(pool_.pages(), 4U);
}

TEST_F(FlagPoolTest, AFlagIsZeroWhenItIsTaken) {
  take(1);
  *flags_[0].value = 1;
  give(1);
  take(1);
  EXPECT_EQ(*flags_[0].value, 0);
}

TEST_F(FlagPoolTest, PagesThatNobodyUsesGo) {
  take(4 * FlagPool::kFlagsOfPage);
  give(FlagPool::kFlagsOfPage);
  EXPECT_EQ(pool_.pages(), 3U);
  give(3 * FlagPool::kFlagsOfPage);
  EXPECT_EQ(pool_.pages(), 1U);
}

TEST_F(FlagPoolTest, WhatWasGivenBackIsTakenAgain) {
  take(2 * FlagPool::kFlagsOfPage);
  for (std::size_t i = 0; i < flags_.size(); i += 2) pool_.give(flags_[i]);
  for (std::size_t i = 0; i < flags_.size(); i += 2) flags_[i] = pool_.take();
  EXPECT_EQ(pool_.pages(), 2U);
}

TEST(FlagPoolDeathTest, AFlagMustNotOutliveItsPool) {
  EXPECT_DEATH(FlagPool{}.take(), "a flag outlives its pool");
}

}  // namespace
}  // namespace scache::cache
