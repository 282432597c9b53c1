// SPDX-License-Identifier: Apache-2.0
#include "server/under_way.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace scache::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class UnderWayTest : public ::testing::Test {
 protected:
  // A request of so many steps, which appends its name when it is finished.
  Task<> request(std::string name, int steps) {
    const std::shared_ptr<int> local = alive;
    for (int i = 1; i < steps; ++i) co_await under_way.next_step();
    answers.push_back(std::move(name));
  }
  // The same, with its steps in a task that it awaits.
  Task<> nested_request(std::string name, int steps) {
    Task<> inner = request(std::move(name), steps);
    co_await inner;
  }
  Task<> failing_request() {
    co_await under_way.next_step();
    throw std::runtime_error{"out of memory"};
  }
  void run_steps(int count) {
    for (int i = 0; i < count; ++i) under_way.run_step();
  }

  std::shared_ptr<int> alive = std::make_shared<int>();
  std::vector<std::string> answers;
  UnderWay under_way;
};

TEST_F(UnderWayTest, ARequestBeginsWithItsFirstStep) {
  under_way.add(1, request("a", 1));
  EXPECT_THAT(answers, IsEmpty());
  under_way.run_step();
  EXPECT_THAT(answers, ElementsAre("a"));
  EXPECT_TRUE(under_way.empty());
}

TEST_F(UnderWayTest, WithoutRequestsAStepDoesNothing) {
  under_way.run_step();
  EXPECT_TRUE(under_way.empty());
}

TEST_F(UnderWayTest, AnswersComeInTheOrderInWhichTheyAreReady) {
  under_way.add(1, request("long", 3));
  under_way.add(2, nested_request("middle", 2));
  under_way.add(3, request("short", 1));
  run_steps(3);
  EXPECT_THAT(answers, ElementsAre("short"));
  run_steps(2);
  EXPECT_THAT(answers, ElementsAre("short", "middle"));
  run_steps(1);
  EXPECT_THAT(answers, ElementsAre("short", "middle", "long"));
  EXPECT_TRUE(under_way.empty());
}

TEST_F(UnderWayTest, ALaterRequestWaitsForItsTurn) {
  under_way.add(1, request("first", 2));
  run_steps(1);
  under_way.add(2, request("second", 1));
  run_steps(1);
  EXPECT_THAT(answers, ElementsAre("first"));
  run_steps(1);
  EXPECT_THAT(answers, ElementsAre("first", "second"));
}

TEST_F(UnderWayTest, ACancelledRequestIsDestroyedAtOnce) {
  under_way.add(1, request("a", 3));
  under_way.add(2, nested_request("b", 3));
  under_way.add(3, request("c", 1));
  run_steps(2);
  EXPECT_EQ(alive.use_count(), 3);
  EXPECT_TRUE(under_way.cancel(2));
  EXPECT_EQ(alive.use_count(), 2);
  EXPECT_FALSE(under_way.cancel(2));
  // The one whose turn is next.
  EXPECT_TRUE(under_way.cancel(3));
  run_steps(2);
  EXPECT_THAT(answers, ElementsAre("a"));
}

TEST_F(UnderWayTest, OfTwoRequestsWithOneIdTheOlderIsCancelled) {
  under_way.add(1, request("older", 1));
  under_way.add(1, request("younger", 1));
  EXPECT_TRUE(under_way.cancel(1));
  run_steps(1);
  EXPECT_THAT(answers, ElementsAre("younger"));
}

TEST_F(UnderWayTest, HasRoomForSoMany) {
  for (std::size_t i = 0; i < UnderWay::kMost; ++i) {
    EXPECT_FALSE(under_way.full());
    under_way.add(i, request("x", 1));
  }
  EXPECT_TRUE(under_way.full());
  EXPECT_TRUE(under_way.cancel(0));
  EXPECT_FALSE(under_way.full());
  EXPECT_EQ(under_way.size(), UnderWay::kMost - 1);
}

TEST_F(UnderWayTest, AFailedRequestIsRemovedAndItsExceptionThrown) {
  under_way.add(1, failing_request());
  under_way.add(2, request("other", 1));
  run_steps(2);
  EXPECT_THROW(under_way.run_step(), std::runtime_error);
  EXPECT_TRUE(under_way.empty());
  EXPECT_THAT(answers, ElementsAre("other"));
}

TEST_F(UnderWayTest, ItsEndDestroysTheRequests) {
  {
    UnderWay brief;
    brief.add(1, request("never begun", 1));
    under_way.add(2, request("begun", 2));
    run_steps(1);
    under_way.cancel(2);
  }
  EXPECT_EQ(alive.use_count(), 1);
  EXPECT_THAT(answers, IsEmpty());
}

}  // namespace
}  // namespace scache::server
