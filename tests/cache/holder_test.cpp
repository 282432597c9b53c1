// SPDX-License-Identifier: Apache-2.0
#include "cache/holder.hpp"

#include <gtest/gtest.h>

#include <array>

namespace scache::cache {
namespace {

using Measure = Holders::Measure;

TEST(Amount, LeavesNoRoomAtItsLimits) {
  const Amount limit{.entries = 2, .bytes = 100};
  EXPECT_FALSE((Amount{}.leaves_no_room(100, limit)));
  EXPECT_TRUE((Amount{}.leaves_no_room(101, limit)));
  EXPECT_FALSE((Amount{1, 40}.leaves_no_room(60, limit)));
  EXPECT_TRUE((Amount{1, 40}.leaves_no_room(61, limit)));
  EXPECT_TRUE((Amount{2, 0}.leaves_no_room(0, limit)));
  EXPECT_TRUE((Amount{1, 101}.leaves_no_room(0, limit)));
}

class HoldersTest : public testing::Test {
 protected:
  Holder& put(std::uint32_t owner, Held& entry, std::size_t bytes) {
    Holder& holder = holders.get(owner);
    holders.count(holder, entry, bytes);
    holders.add(entry);
    return holder;
  }

  // Declared first: the holders forget them.
  std::array<Held, 12> entries;
  Holders holders;
};

TEST_F(HoldersTest, AUserHasAHolderWhileItHasEntries) {
  EXPECT_EQ(holders.find(7), nullptr);
  Holder& holder = put(7, entries[0], 10);
  EXPECT_EQ(&holders.get(7), &holder);
  EXPECT_EQ(holders.find(7), &holder);
  EXPECT_EQ(holder.owner(), 7U);
  put(7, entries[1], 20);
  EXPECT_EQ(holder.held().entries, 2U);
  EXPECT_EQ(holder.held().bytes, 30U);
  holders.remove(entries[0], 10);
  EXPECT_EQ(holder.held().bytes, 20U);
  holders.remove(entries[1], 20);
  EXPECT_EQ(holders.find(7), nullptr);
  EXPECT_EQ(holders.size(), 0U);
}

TEST_F(HoldersTest, AHolderWithoutEntriesIsDropped) {
  holders.drop_if_unused(holders.get(7));
  EXPECT_EQ(holders.size(), 0U);
}

TEST_F(HoldersTest, TheOneWithTheMostGives) {
  Holder& many = put(1, entries[0], 10);
  put(1, entries[1], 10);
  put(1, entries[2], 10);
  Holder& large = put(2, entries[3], 1'000);
  Holder& saver = put(3, entries[4], 1);
  EXPECT_EQ(holders.giver(Measure::entries, saver), &many);
  EXPECT_EQ(holders.giver(Measure::bytes, saver), &large);
  holders.remove(entries[0], 10);
  holders.remove(entries[1], 10);
  put(3, entries[5], 2'000);
  EXPECT_EQ(holders.giver(Measure::entries, large), &saver);
  EXPECT_EQ(holders.giver(Measure::bytes, large), &saver);
}

TEST_F(HoldersTest, WithEqualAmountsTheSaverGivesIfItCan) {
  Holder& first = put(1, entries[0], 10);
  put(2, entries[1], 10);
  Holder& saver = holders.get(3);
  holders.count(saver, entries[2], 10);
  // It cannot give what it is about to save. The first has had the amount for longest.
  EXPECT_EQ(holders.giver(Measure::entries, saver), &first);
  holders.add(entries[2]);
  EXPECT_EQ(holders.giver(Measure::entries, saver), &saver);
  EXPECT_EQ(holders.giver(Measure::bytes, saver), &saver);
}

TEST_F(HoldersTest, ClaimedEntriesCountAndCannotBeGiven) {
  Holder& one = put(1, entries[0], 10);
  Holder& other = put(2, entries[1], 5);
  holders.claim(entries[0], 10);
  EXPECT_FALSE(one.can_give());
  EXPECT_EQ(one.held().entries, 1U);
  EXPECT_EQ(one.claimed().bytes, 10U);
  EXPECT_EQ(holders.claimed().entries, 1U);
  EXPECT_EQ(holders.giver(Measure::bytes, one), &other);
  holders.claim(entries[1], 5);
  EXPECT_EQ(holders.claimed().bytes, 15U);
  EXPECT_EQ(holders.giver(Measure::bytes, one), nullptr);
  holders.put_back(entries[0], 10);
  EXPECT_EQ(holders.giver(Measure::bytes, other), &one);
  holders.remove(entries[1], 5);
  EXPECT_EQ(holders.claimed().entries, 0U);
}

TEST_F(HoldersTest, TheLongestUnusedIsGiven) {
  Holder& holder = put(1, entries[0], 1);
  put(1, entries[1], 1);
  put(1, entries[2], 1);
  EXPECT_EQ(&Holders::longest_unused(holder), entries.data());
  holders.claim(entries[0], 1);
  holders.put_back(entries[0], 1);
  EXPECT_EQ(&Holders::longest_unused(holder), &entries[1]);
  entries[1].used_again = true;
  EXPECT_EQ(&Holders::longest_unused(holder), &entries[2]);
  // It has a new place, and was not used since.
  holders.remove(entries[2], 1);
  holders.remove(entries[0], 1);
  EXPECT_FALSE(entries[1].used_again);
  EXPECT_EQ(&Holders::longest_unused(holder), &entries[1]);
}

TEST_F(HoldersTest, AChoicePassesOverALimitedNumberOfUsedEntries) {
  static_assert(Holders::kPassedOver < 12);
  for (Held& entry : entries) {
    put(1, entry, 1);
    entry.used_again = true;
  }
  Holder& holder = holders.get(1);
  EXPECT_EQ(&Holders::longest_unused(holder), &entries[Holders::kPassedOver]);
  entries[Holders::kPassedOver - 1].used_again = true;
  for (std::size_t i = Holders::kPassedOver; i < entries.size(); ++i) holders.remove(entries[i], 1);
  EXPECT_EQ(&Holders::longest_unused(holder), entries.data());
}

}  // namespace
}  // namespace scache::cache
