// SPDX-License-Identifier: Apache-2.0
#include "io/loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"

namespace scache::io {
namespace {

using namespace std::chrono_literals;
using test::Ends;
using ::testing::ElementsAre;

// A waiter that calls a function, with whether its deadline has come.
class Probe final : public Waiter {
 public:
  explicit Probe(std::function<void(bool)> woken) : woken_{std::move(woken)} {}
  ~Probe() = default;

 private:
  void wake(bool timed_out) noexcept override { woken_(timed_out); }

  std::function<void(bool)> woken_;
};

class LoopTest : public test::DescriptorCensus {
 protected:
  void turn() { loop.turn(Loop::Wait::poll); }

  test::FakeClock clock;
  Loop loop{clock.reader()};
};

TEST_F(LoopTest, ATurnWithNothingToDoReturns) {
  turn();
}

TEST_F(LoopTest, EachTurnLooksAtTheClock) {
  EXPECT_EQ(loop.now(), clock.now());
  const Instant before = clock.now();
  clock.advance(5s);
  EXPECT_EQ(loop.now(), before);
  turn();
  EXPECT_EQ(loop.now(), clock.now());
}

TEST_F(LoopTest, WakesForEveryTurnInWhichSomethingIsReadable) {
  const Ends pipe = test::pipe_pair();
  int woken = 0;
  Probe probe{[&](bool timed_out) {
    EXPECT_FALSE(timed_out);
    ++woken;
  }};
  ASSERT_EQ(loop.watch(pipe.first.get(), EPOLLIN, probe), 0);
  turn();
  EXPECT_EQ(woken, 0);
  ASSERT_EQ(::write(pipe.second.get(), "x", 1), 1);
  turn();
  turn();
  EXPECT_EQ(woken, 2);
  loop.unwatch(pipe.first.get(), probe);
  turn();
  EXPECT_EQ(woken, 2);
}

// Records what it receives.
class Target final : public EventTarget {
 public:
  void receive_event(std::uint64_t key, std::uint32_t events) noexcept override {
    received.emplace_back(key, events);
  }
  std::vector<std::pair<std::uint64_t, std::uint32_t>> received;
};

TEST_F(LoopTest, AnEventWithoutAWaiterIsReportedOnce) {
  constexpr std::uint64_t kKey = ~std::uint64_t{0} >> 1;
  const Ends pipe = test::pipe_pair();
  Target target;
  loop.set_event_target(&target);
  ASSERT_EQ(loop.watch_once(pipe.first.get(), EPOLLIN, kKey), 0);
  EXPECT_EQ(loop.watch_once(pipe.first.get(), EPOLLIN, kKey), EEXIST);
  ASSERT_EQ(::write(pipe.second.get(), "x", 1), 1);
  turn();
  turn();
  EXPECT_EQ(target.received, (std::vector{std::pair{kKey, std::uint32_t{EPOLLIN}}}));
  target.received.clear();
  ASSERT_EQ(loop.watch_again(pipe.first.get(), EPOLLIN, 7), 0);
  turn();
  EXPECT_EQ(target.received, (std::vector{std::pair{std::uint64_t{7}, std::uint32_t{EPOLLIN}}}));
  target.received.clear();
  loop.unwatch(pipe.first.get());
  EXPECT_EQ(loop.watch_again(pipe.first.get(), EPOLLIN, 7), ENOENT);
  turn();
  EXPECT_TRUE(target.received.empty());
}

TEST_F(LoopTest, EventsWithoutATargetAreIgnored) {
  const Ends pipe = test::pipe_pair();
  ASSERT_EQ(loop.watch_once(pipe.first.get(), EPOLLIN, 1), 0);
  ASSERT_EQ(::write(pipe.second.get(), "x", 1), 1);
  turn();
  loop.unwatch(pipe.first.get());
}

TEST_F(LoopTest, AWaiterIsWokenInTheTurnOfAnyNumberOfOtherEvents) {
  constexpr std::uint64_t kMany = 2'000;
  const Ends pipe = test::pipe_pair();
  const Ends last = test::pipe_pair();
  Target target;
  loop.set_event_target(&target);
  std::vector<Fd> copies;
  for (std::uint64_t key = 0; key < kMany; ++key) {
    copies.emplace_back(::dup(pipe.first.get()));
    if (!copies.back()) GTEST_SKIP() << "too few descriptors";
    ASSERT_EQ(loop.watch_once(copies.back().get(), EPOLLIN, key), 0);
  }
  int woken = 0;
  Probe probe{[&](bool) { ++woken; }};
  ASSERT_EQ(loop.watch(last.first.get(), EPOLLIN, probe), 0);
  ASSERT_EQ(::write(pipe.second.get(), "x", 1), 1);
  ASSERT_EQ(::write(last.second.get(), "x", 1), 1);
  turn();
  EXPECT_EQ(target.received.size(), kMany);
  EXPECT_EQ(woken, 1);
  loop.unwatch(last.first.get(), probe);
  for (const Fd& copy : copies) loop.unwatch(copy.get());
}

TEST_F(LoopTest, WhatCannotBeWatchedIsAnswered) {
  Probe probe{[](bool) { ADD_FAILURE(); }};
  EXPECT_EQ(loop.watch(-1, EPOLLIN, probe), EBADF);
}

TEST_F(LoopTest, OneWaiterMayEndAnotherThatWasReportedInTheSameTurn) {
  const Ends one = test::pipe_pair();
  const Ends two = test::pipe_pair();
  std::unique_ptr<Probe> first;
  std::unique_ptr<Probe> second;
  int woken = 0;
  first = std::make_unique<Probe>([&](bool) {
    ++woken;
    loop.unwatch(two.first.get(), *second);
    second.reset();
  });
  second = std::make_unique<Probe>([&](bool) {
    ++woken;
    loop.unwatch(one.first.get(), *first);
    first.reset();
  });
  ASSERT_EQ(loop.watch(one.first.get(), EPOLLIN, *first), 0);
  ASSERT_EQ(loop.watch(two.first.get(), EPOLLIN, *second), 0);
  ASSERT_EQ(::write(one.second.get(), "x", 1), 1);
  ASSERT_EQ(::write(two.second.get(), "x", 1), 1);
  turn();
  EXPECT_EQ(woken, 1);
  EXPECT_NE(first == nullptr, second == nullptr);
}

TEST_F(LoopTest, OneWaiterMayEndAnotherThatIsDueInTheSameTurn) {
  std::unique_ptr<Probe> second;
  Probe first{[&](bool) { second.reset(); }};
  second = std::make_unique<Probe>([](bool) { ADD_FAILURE(); });
  loop.set_deadline(first, clock.now() + 1s);
  loop.set_deadline(*second, clock.now() + 2s);
  clock.advance(2s);
  turn();
  EXPECT_EQ(second, nullptr);
}

TEST_F(LoopTest, AWaiterThatHasGoneIsForgotten) {
  {
    Probe probe{[](bool) { ADD_FAILURE(); }};
    loop.set_deadline(probe, clock.now() + 1s);
    loop.wake_soon(probe);
  }
  clock.advance(1s);
  turn();
}

TEST_F(LoopTest, WakesAtADeadlineAndNotATickBefore) {
  int due = 0;
  Timer timer{loop, [&] { ++due; }};
  timer.set(clock.now() + 10s);
  clock.advance(10s - 1ns);
  turn();
  EXPECT_EQ(due, 0);
  clock.advance(1ns);
  turn();
  EXPECT_EQ(due, 1);
  clock.advance(100s);
  turn();
  EXPECT_EQ(due, 1);
  EXPECT_EQ(timer.deadline(), kNever);
}

TEST_F(LoopTest, DeadlinesComeInTheirOrder) {
  std::vector<int> order;
  Timer third{loop, [&] { order.push_back(3); }};
  Timer first{loop, [&] { order.push_back(1); }};
  Timer second{loop, [&] { order.push_back(2); }};
  third.set(clock.now() + 3s);
  first.set(clock.now() + 1s);
  second.set(clock.now() + 2s);
  clock.advance(3s);
  turn();
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST_F(LoopTest, ATimerCanBeSetAnewAndTakenAway) {
  int due = 0;
  Timer timer{loop, [&] { ++due; }};
  timer.set(clock.now() + 1s);
  timer.set(clock.now() + 2s);
  clock.advance(1s);
  turn();
  EXPECT_EQ(due, 0);
  timer.set(kNever);
  clock.advance(10s);
  turn();
  EXPECT_EQ(due, 0);
}

TEST_F(LoopTest, ATimerThatIsSetAnewInItsOwnTurnIsNotCalled) {
  int due = 0;
  Timer second{loop, [&] { ++due; }};
  Timer first{loop, [&] { second.set(clock.now() + 5s); }};
  first.set(clock.now() + 1s);
  second.set(clock.now() + 1s);
  clock.advance(1s);
  turn();
  EXPECT_EQ(due, 0);
  clock.advance(5s);
  turn();
  EXPECT_EQ(due, 1);
}

TEST_F(LoopTest, ATimersFunctionMaySetIt) {
  int due = 0;
  Timer timer{loop, [&] {
                if (++due < 3) timer.set(loop.now() + 1s);
              }};
  timer.set(clock.now() + 1s);
  for (int i = 0; i < 10; ++i) {
    clock.advance(1s);
    turn();
  }
  EXPECT_EQ(due, 3);
}

TEST_F(LoopTest, ATimerSetToThePastComesOnceInEachTurn) {
  int due = 0;
  Timer timer{loop, [&] {
                ++due;
                timer.set(loop.now());
              }};
  timer.set(clock.now());
  turn();
  EXPECT_EQ(due, 1);
  turn();
  EXPECT_EQ(due, 2);
}

TEST_F(LoopTest, WakesSoonIsTheNextTurnAndOnce) {
  int woken = 0;
  Probe probe{[&](bool timed_out) {
    EXPECT_FALSE(timed_out);
    if (++woken == 1) loop.wake_soon(probe);
  }};
  loop.wake_soon(probe);
  loop.wake_soon(probe);
  turn();
  EXPECT_EQ(woken, 1);
  // It does not wait while a waiter is ready.
  loop.turn(Loop::Wait::block);
  EXPECT_EQ(woken, 2);
  turn();
  EXPECT_EQ(woken, 2);
}

TEST_F(LoopTest, AnEventAndADeadlineInOneTurnWakeOnce) {
  const Ends pipe = test::pipe_pair();
  std::vector<bool> woken;
  Probe probe{[&](bool timed_out) { woken.push_back(timed_out); }};
  ASSERT_EQ(loop.watch(pipe.first.get(), EPOLLIN, probe), 0);
  ASSERT_EQ(::write(pipe.second.get(), "x", 1), 1);
  loop.set_deadline(probe, clock.now() + 1s);
  clock.advance(1s);
  turn();
  EXPECT_THAT(woken, ElementsAre(true));
  loop.unwatch(pipe.first.get(), probe);
}

TEST_F(LoopTest, MoreEventsThanOneTurnTakesAreTakenByTheNext) {
  std::vector<Ends> pipes;
  std::vector<std::unique_ptr<Probe>> probes;
  std::vector<int> woken(1'300);
  for (std::size_t i = 0; i < woken.size(); ++i) {
    pipes.push_back(test::pipe_pair());
    probes.push_back(std::make_unique<Probe>([&, i](bool) { ++woken[i]; }));
    ASSERT_EQ(loop.watch(pipes[i].first.get(), EPOLLIN, *probes[i]), 0);
    ASSERT_EQ(::write(pipes[i].second.get(), "x", 1), 1);
  }
  for (int i = 0; i < 3; ++i) turn();
  EXPECT_THAT(woken, ::testing::Each(::testing::Ge(1)));
}

// A waiter that is charged in each turn, and asks for the next one.
class Worker final : public Waiter {
 public:
  Worker(Loop& loop, std::uint64_t work) : loop_{loop}, work_{work} {}
  ~Worker() = default;

  bool goes_on = true;
  int turns = 0;

 private:
  void wake(bool) noexcept override {
    ++turns;
    loop_.charge(*this, work_);
    if (goes_on) loop_.wake_soon(*this);
  }

  Loop& loop_;
  std::uint64_t work_;
};

class LoopWorkTest : public LoopTest {
 protected:
  // A number of waiters that continue, each with the maximum work of a turn.
  std::vector<std::unique_ptr<Worker>> greedy(std::size_t count) {
    std::vector<std::unique_ptr<Worker>> workers(count);
    for (auto& worker : workers) {
      worker = std::make_unique<Worker>(loop, Loop::kWorkOfWaiter);
      loop.wake_soon(*worker);
    }
    return workers;
  }
  static constexpr int kWorkersOfTurn = Loop::kWorkOfTurn / Loop::kWorkOfWaiter;
};

TEST_F(LoopWorkTest, ATurnEndsWhenItsWorkIsDoneAndTheOthersComeNext) {
  const auto workers = greedy(10 * kWorkersOfTurn);
  for (int round = 1; round <= 3; ++round) {
    for (int i = 0; i < 10; ++i) turn();
    for (const auto& worker : workers) EXPECT_EQ(worker->turns, round);
  }
}

TEST_F(LoopWorkTest, WhoAsksForLittleWaitsForNoneOfThoseWhoAskForMuch) {
  const auto workers = greedy(400);
  while (workers.back()->turns < 2) turn();
  Worker modest{loop, 40};
  modest.goes_on = false;
  for (int i = 0; i < 100; ++i) {
    for (int others = 0; others < 7; ++others) turn();
    loop.wake_soon(modest);
    turn();
    ASSERT_EQ(modest.turns, i + 1);
  }
}

TEST_F(LoopWorkTest, WhatATurnHasTakenTooMuchIsTakenFromTheNext) {
  Worker large{loop, 10 * Loop::kWorkOfWaiter};
  const auto workers = greedy(100);
  loop.wake_soon(large);
  while (workers[0]->turns < 100) turn();
  EXPECT_NEAR(large.turns * 10, workers[0]->turns, 15);
}

TEST_F(LoopWorkTest, WhoIsNewHasASmallAdvantage) {
  const auto workers = greedy(100);
  while (workers.back()->turns < 10) turn();
  // Charged before it is woken, like a client that is greeted.
  Worker fresh{loop, Loop::kWorkOfWaiter};
  loop.charge(fresh, 1);
  loop.wake_soon(fresh);
  while (workers.back()->turns < 20) turn();
  EXPECT_LE(fresh.turns, 10 + static_cast<int>(Loop::kCredit / 2 / Loop::kWorkOfWaiter) + 2);
}

TEST_F(LoopWorkTest, NobodySavesUpWhileHeIsAway) {
  Worker away{loop, Loop::kWorkOfWaiter};
  const auto workers = greedy(100);
  away.goes_on = false;
  loop.wake_soon(away);
  for (int i = 0; i < 500; ++i) turn();
  ASSERT_EQ(away.turns, 1);
  away.goes_on = true;
  loop.wake_soon(away);
  const int before = workers.back()->turns;
  while (workers.back()->turns < before + 10) turn();
  EXPECT_LE(away.turns - 1, 10 + static_cast<int>(Loop::kCredit / Loop::kWorkOfWaiter) + 2);
}

TEST_F(LoopWorkTest, ATurnIsOverWhenItsWorkIsDone) {
  Worker worker{loop, Loop::kWorkOfWaiter - 1};
  worker.goes_on = false;
  loop.wake_soon(worker);
  turn();
  EXPECT_FALSE(Loop::turn_is_over(worker));
  loop.charge(worker, 1);
  EXPECT_TRUE(Loop::turn_is_over(worker));
  loop.wake_soon(worker);
  turn();
  EXPECT_FALSE(Loop::turn_is_over(worker));
}

TEST_F(LoopTest, TheHookComesBeforeTheWaitAndMaySetDeadlines) {
  int due = 0;
  Timer timer{loop, [&] { ++due; }};
  int hooks = 0;
  loop.before_wait([&] {
    ++hooks;
    timer.set(clock.now());
  });
  // It would wait for ever if the deadline came too late.
  loop.turn(Loop::Wait::block);
  EXPECT_EQ(hooks, 1);
  EXPECT_EQ(due, 1);
  loop.before_wait({});
  turn();
  EXPECT_EQ(hooks, 1);
}

TEST_F(LoopTest, StopsWhenItIsAsked) {
  EXPECT_FALSE(loop.stopped());
  loop.stop();
  EXPECT_TRUE(loop.stopped());
}

TEST_F(LoopTest, AWaitIsRoundedUpToWholeMilliseconds) {
  // Rounded down it would be none at all, again and again until the deadline.
  Timer timer{loop, [] {}};
  timer.set(clock.now() + 500us);
  const auto begun = std::chrono::steady_clock::now();
  loop.turn(Loop::Wait::block);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 500us);
}

TEST(BlockingLoopTest, SleepsUntilTheDeadlineOfARealClock) {
  Loop loop;
  bool due = false;
  Timer timer{loop, [&] { due = true; }};
  const Instant begun = BootClock::now();
  timer.set(begun + 5ms);
  while (!due) loop.turn(Loop::Wait::block);
  EXPECT_GE(BootClock::now() - begun, 5ms);
}

}  // namespace
}  // namespace scache::io
