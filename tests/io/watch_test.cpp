// SPDX-License-Identifier: Apache-2.0
#include "io/watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "io/task.hpp"
#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"
#include "support/listening.hpp"

namespace scache::io {
namespace {

using namespace std::chrono_literals;
using test::Ends;
using ::testing::ElementsAre;

// How many descriptors the epoll sets of this process watch.
std::size_t watched() {
  std::size_t count = 0;
  for (int number = 0; number < 1'000; ++number) {
    std::ifstream info{"/proc/self/fdinfo/" + std::to_string(number)};
    for (std::string line; std::getline(info, line);) count += line.starts_with("tfd:") ? 1 : 0;
  }
  return count;
}

class WatchTest : public test::DescriptorCensus {
 protected:
  void turn() { loop.turn(Loop::Wait::poll); }
  void say(const std::string& text = "x") {
    ASSERT_TRUE(test::send_with(ends.second.get(), text, {}));
  }
  // Fills the output buffer.
  void fill() {
    const std::string much(64 * 1'024, 'x');
    while (test::send_with(ends.first.get(), much, {})) {
    }
  }
  // Waits for input repeatedly, and stores the result of each wait.
  Task<> keep_reading(Instant deadline) {
    for (;;) woken.push_back(co_await watch.readable(deadline));
  }

  test::FakeClock clock;
  Loop loop{clock.reader()};
  Ends ends = test::socket_pair();
  Watch watch{loop, ends.first.get()};
  std::vector<Ready> woken;
};

TEST_F(WatchTest, WaitsUntilThereIsInput) {
  Task<> task = keep_reading(kNever);
  task.start();
  turn();
  EXPECT_TRUE(woken.empty());
  say();
  turn();
  EXPECT_THAT(woken, ElementsAre(Ready::yes));
}

TEST_F(WatchTest, InputThatIsThereBeforeTheWaitIsSeen) {
  say();
  Task<> task = keep_reading(kNever);
  task.start();
  turn();
  EXPECT_EQ(woken.size(), 1u);
}

TEST_F(WatchTest, ADeadlineEndsTheWait) {
  Task<> task = keep_reading(clock.now() + 5s);
  task.start();
  clock.advance(5s - 1ns);
  turn();
  EXPECT_TRUE(woken.empty());
  clock.advance(1ns);
  turn();
  EXPECT_THAT(woken, ElementsAre(Ready::timed_out));
}

TEST_F(WatchTest, ADeadlineBelongsToItsWait) {
  const auto run = [&]() -> Task<> {
    woken.push_back(co_await watch.readable(clock.now() + 5s));
    woken.push_back(co_await watch.readable());
  };
  Task<> task = run();
  task.start();
  say();
  turn();
  char byte = 0;
  ASSERT_EQ(::read(ends.first.get(), &byte, 1), 1);
  clock.advance(10s);
  turn();
  EXPECT_THAT(woken, ElementsAre(Ready::yes));
}

TEST_F(WatchTest, AWaitThatIsOverLeavesNoDeadlineBehind) {
  const auto run = [&]() -> Task<> { co_await watch.readable(clock.now() + 5s); };
  Task<> task = run();
  task.start();
  EXPECT_EQ(watch.deadline(), clock.now() + 5s);
  say();
  turn();
  EXPECT_TRUE(task.done());
  EXPECT_EQ(watch.deadline(), kNever);
}

TEST_F(WatchTest, WaitsUntilAClientCanBeAccepted) {
  const test::Listening listener;
  Watch accepting{loop, listener.descriptor()};
  const auto run = [&]() -> Task<> { woken.push_back(co_await accepting.readable()); };
  Task<> task = run();
  task.start();
  turn();
  EXPECT_TRUE(woken.empty());
  const Fd client = listener.connect();
  turn();
  EXPECT_THAT(woken, ElementsAre(Ready::yes));
}

TEST_F(WatchTest, WaitsUntilThereIsRoom) {
  fill();
  const auto run = [&]() -> Task<> { woken.push_back(co_await watch.writable()); };
  Task<> task = run();
  task.start();
  turn();
  EXPECT_TRUE(woken.empty());
  while (test::receive_with(ends.second.get()).size > 0) {
  }
  turn();
  EXPECT_THAT(woken, ElementsAre(Ready::yes));
}

TEST_F(WatchTest, InputDoesNotEndAWaitForRoom) {
  fill();
  const auto run = [&]() -> Task<> {
    woken.push_back(co_await watch.readable());
    woken.push_back(co_await watch.writable());
  };
  Task<> task = run();
  task.start();
  say();
  turn();
  turn();
  EXPECT_EQ(woken.size(), 1u);
}

TEST_F(WatchTest, OthersHaveTheirTurn) {
  std::vector<int> order;
  Ends more = test::socket_pair();
  Watch second{loop, more.first.get()};
  const auto busy = [&]() -> Task<> {
    for (int i = 0; i < 3; ++i) {
      order.push_back(1);
      co_await watch.others();
    }
  };
  const auto other = [&]() -> Task<> {
    co_await second.readable();
    order.push_back(2);
  };
  Task<> first_task = busy();
  Task<> second_task = other();
  second_task.start();
  ASSERT_TRUE(test::send_with(more.second.get(), "x", {}));
  first_task.start();
  turn();
  turn();
  turn();
  EXPECT_TRUE(first_task.done());
  EXPECT_THAT(order, ElementsAre(1, 1, 2, 1));
}

TEST_F(WatchTest, APauseLastsWhateverHappens) {
  bool over = false;
  const auto run = [&]() -> Task<> {
    co_await watch.readable();
    co_await watch.pause(clock.now() + 5s);
    over = true;
    woken.push_back(co_await watch.readable());
  };
  Task<> task = run();
  task.start();
  say();
  turn();
  turn();
  EXPECT_FALSE(over);
  clock.advance(5s);
  turn();
  EXPECT_TRUE(over);
  turn();
  EXPECT_EQ(woken.size(), 1u);
}

TEST_F(WatchTest, WhatNobodyWaitsForIsReportedOnceAndWatchedNoMore) {
  const auto run = [&]() -> Task<> {
    co_await watch.readable();
    co_await watch.pause(clock.now() + 5s);
  };
  Task<> task = run();
  task.start();
  EXPECT_EQ(watched(), 1u);
  say();
  turn();
  EXPECT_EQ(watched(), 1u);
  turn();
  EXPECT_EQ(watched(), 0u);
}

TEST_F(WatchTest, AHangUpAfterTheTaskIsOverIsReportedOnce) {
  const auto run = [&]() -> Task<> { co_await watch.readable(); };
  Task<> task = run();
  task.start();
  ends.second.reset();
  turn();
  EXPECT_TRUE(task.done());
  turn();
  EXPECT_EQ(watched(), 0u);
}

TEST_F(WatchTest, AHangUpEndsAWaitForRoom) {
  fill();
  const auto run = [&]() -> Task<> { woken.push_back(co_await watch.writable()); };
  Task<> task = run();
  task.start();
  turn();
  ends.second.reset();
  turn();
  EXPECT_THAT(woken, ElementsAre(Ready::yes));
}

TEST_F(WatchTest, AWatchThatGoesIsTakenOutOfEpoll) {
  {
    Watch brief{loop, ends.second.get()};
    const auto run = [&]() -> Task<> { co_await brief.readable(); };
    Task<> task = run();
    task.start();
    EXPECT_EQ(watched(), 1u);
  }
  EXPECT_EQ(watched(), 0u);
  say();
  turn();
}

TEST_F(WatchTest, OneTaskMayEndAnotherReportedInTheSameTurn) {
  struct Other {
    Other(Loop& loop, int descriptor) : watch{loop, descriptor} {}
    Task<> run() {
      co_await watch.readable();
      ADD_FAILURE() << "it was ended";
    }
    Watch watch;
    Task<> task;
  };
  // Both ends are readable; epoll reports them in the order in which they became so.
  auto other = std::make_unique<Other>(loop, ends.second.get());
  const auto ending = [&]() -> Task<> {
    co_await watch.readable();
    other.reset();
  };
  Task<> task = ending();
  task.start();
  other->task = other->run();
  other->task.start();
  ASSERT_TRUE(test::send_with(ends.second.get(), "x", {}));
  ASSERT_TRUE(test::send_with(ends.first.get(), "x", {}));
  turn();
  EXPECT_TRUE(task.done());
  turn();
}

TEST_F(WatchTest, AFileIsAlwaysReady) {
  const Fd file{::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  Watch files{loop, file.get()};
  const auto run = [&]() -> Task<> {
    woken.push_back(co_await files.readable(clock.now() + 5s));
    woken.push_back(co_await files.writable(clock.now() + 5s));
  };
  Task<> task = run();
  task.start();
  turn();
  turn();
  EXPECT_THAT(woken, ElementsAre(Ready::yes, Ready::yes));
}

TEST_F(WatchTest, WhatEpollRefusesIsThrownAtTheWait) {
  Watch bad{loop, 1'000'000};
  bool thrown = false;
  const auto run = [&]() -> Task<> {
    try {
      co_await bad.readable();
    } catch (const std::system_error& error) {
      thrown = error.code().value() == EBADF;
    }
  };
  Task<> task = run();
  task.start();
  EXPECT_TRUE(thrown);
  EXPECT_TRUE(task.done());
}

}  // namespace
}  // namespace scache::io
