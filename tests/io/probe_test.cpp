#include "io/probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <cstddef>
#include <vector>

#include "io/loop.hpp"
#include "io/task.hpp"
#include "support/descriptors.hpp"

namespace {

unsigned polls = 0;

}  // namespace

extern "C" {

int __real_poll(pollfd* descriptors, nfds_t count, int timeout);

// What the linker calls in the place of poll(2).
int __wrap_poll(pollfd* descriptors, nfds_t count, int timeout) {
  ++polls;
  return __real_poll(descriptors, count, timeout);
}

}  // extern "C"

namespace scache {
namespace {

using test::Ends;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ProbeTest : public test::DescriptorCensus {
 protected:
  Task<> ask(int socket) {
    Probe probe{loop.probes(), socket};
    closed.push_back(co_await probe);
  }
  // Asks again and again, and notes each answer.
  Task<> ask_twice(int socket) {
    for (int i = 0; i < 2; ++i) {
      Probe probe{loop.probes(), socket};
      closed.push_back(co_await probe);
    }
  }
  Task<> ask_and_end(int socket, Task<>& other) {
    Probe probe{loop.probes(), socket};
    closed.push_back(co_await probe);
    other = {};
  }
  void turn() { loop.turn(Loop::Wait::poll); }

  Loop loop;
  std::vector<bool> closed;
};

TEST_F(ProbeTest, TellsWhetherThePeerHasClosedItsSide) {
  Ends alive = test::socket_pair();
  Ends dead = test::tcp_pair();
  Task<> first = ask(alive.first.get());
  Task<> second = ask(dead.first.get());
  first.start();
  second.start();
  EXPECT_THAT(closed, IsEmpty()) << "it waits for the turn";
  ASSERT_TRUE(test::send_with(dead.second.get(), "421 bye\r\n", {}));
  dead.second.reset();
  const unsigned before = polls;
  turn();
  EXPECT_THAT(closed, ElementsAre(false, true));
  EXPECT_EQ(polls, before + 1) << "both are asked in one call";
}

TEST_F(ProbeTest, WhatIsAskedByWhoeverWasAnsweredIsAnsweredInTheSameTurn) {
  const Ends ends = test::socket_pair();
  Task<> task = ask_twice(ends.first.get());
  task.start();
  turn();
  EXPECT_THAT(closed, ElementsAre(false, false));
  EXPECT_TRUE(task.done());
}

TEST_F(ProbeTest, MoreThanOneCallAsksAreAskedInSeveral) {
  Ends ends = test::socket_pair();
  ends.second.reset();
  std::vector<Task<>> tasks;
  for (std::size_t i = 0; i <= Probes::kProbesOfCall; ++i) {
    tasks.push_back(ask(ends.first.get()));
    tasks.back().start();
  }
  const unsigned before = polls;
  turn();
  EXPECT_EQ(polls, before + 2);
  EXPECT_THAT(closed, SizeIs(Probes::kProbesOfCall + 1));
  EXPECT_THAT(closed, Each(true));
}

TEST_F(ProbeTest, OneThatHasGoneIsNotAnswered) {
  const Ends ends = test::socket_pair();
  Task<> task = ask(ends.first.get());
  task.start();
  task = {};
  turn();
  EXPECT_THAT(closed, IsEmpty());
}

TEST_F(ProbeTest, OneMayEndAnotherThatIsAnsweredInTheSameTurn) {
  Ends ends = test::socket_pair();
  Ends other = test::socket_pair();
  other.second.reset();
  Task<> third = ask(ends.first.get());
  Task<> second = ask(ends.first.get());
  Task<> first = ask_and_end(ends.first.get(), second);
  Task<> fourth = ask(other.first.get());
  for (Task<>* task : {&first, &second, &third, &fourth}) task->start();
  turn();
  EXPECT_THAT(closed, ElementsAre(false, false, true)) << "each has its own answer";
}

}  // namespace
}  // namespace scache
