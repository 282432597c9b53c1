// SPDX-License-Identifier: Apache-2.0
#include "base/log_queue.hpp"

#include <gtest/gtest.h>

#include <string>

namespace scache::base {
namespace {

TEST(LogQueue, GivesLinesBackInTheirOrder) {
  LogQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.push("one"));
  EXPECT_TRUE(queue.push("two", 7));
  const LogQueue::Line one = queue.pop();
  const LogQueue::Line two = queue.pop();
  EXPECT_EQ(one.text, "one");
  EXPECT_EQ(one.stands_for, 1u);
  EXPECT_EQ(two.text, "two");
  EXPECT_EQ(two.stands_for, 7u);
  EXPECT_TRUE(queue.empty());
}

TEST(LogQueue, HasRoomUpToItsLimit) {
  LogQueue queue;
  EXPECT_TRUE(queue.push(std::string(LogQueue::kMaxBytes - 1, 'x')));
  EXPECT_TRUE(queue.push("x"));
  EXPECT_FALSE(queue.push("x"));
}

TEST(LogQueue, HasRoomAgainWhenHalfOfItIsFree) {
  LogQueue queue;
  const std::string quarter(LogQueue::kMaxBytes / 4, 'x');
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(queue.push(quarter));
  EXPECT_FALSE(queue.push("x"));
  queue.pop();
  EXPECT_FALSE(queue.push("x"));
  queue.pop();
  EXPECT_FALSE(queue.push("x"));
  queue.pop();
  EXPECT_TRUE(queue.push(quarter));
  EXPECT_TRUE(queue.push(quarter));
}

TEST(LogQueue, CountsWhatIsLost) {
  LogQueue queue;
  EXPECT_EQ(queue.lost(), 0u);
  queue.lose("lost: ");
  queue.lose("lost: ", 4);
  EXPECT_EQ(queue.note(), "lost: ");
  EXPECT_EQ(queue.lost(), 5u);
  queue.reported(3);
  EXPECT_EQ(queue.lost(), 2u);
}

}  // namespace
}  // namespace scache::base
