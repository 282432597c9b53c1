#include "io/busy_poll.hpp"

#include <gtest/gtest.h>

namespace scache {
namespace {

// How many sleeps it is left out before.
unsigned left_out(BusyPoll& poll) {
  unsigned count = 0;
  while (!poll.is_due()) ++count;
  return count;
}

TEST(BusyPoll, IsDueAsLongAsItPays) {
  BusyPoll poll;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(left_out(poll), 0u);
    poll.looked(true);
  }
}

TEST(BusyPoll, IsLeftOutTwiceAsOftenEachTimeInVain) {
  BusyPoll poll;
  for (const unsigned count : {0u, 1u, 2u, 4u, 8u, 16u, 32u, 64u, 64u, 64u}) {
    EXPECT_EQ(left_out(poll), count);
    poll.looked(false);
  }
  static_assert(BusyPoll::kMostLeftOut == 64);
}

TEST(BusyPoll, OneSuccessBringsItBack) {
  BusyPoll poll;
  for (int i = 0; i < 5; ++i) {
    left_out(poll);
    poll.looked(false);
  }
  EXPECT_EQ(left_out(poll), 16u);
  poll.looked(true);
  EXPECT_EQ(left_out(poll), 0u);
  poll.looked(false);
  EXPECT_EQ(left_out(poll), 1u);
}

}  // namespace
}  // namespace scache
