// SPDX-License-Identifier: Apache-2.0
#include "io/task.hpp"

#include <gtest/gtest.h>

#include <coroutine>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "support/descriptors.hpp"

namespace scache::io {
namespace {

static_assert(!std::is_copy_constructible_v<Task<int>> && std::is_move_constructible_v<Task<int>>);

// Suspends coroutines until it is opened.
class Gate {
 public:
  class Awaiter {
   public:
    explicit Awaiter(Gate& gate) : gate_{gate} {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) noexcept { gate_.waiting_ = handle; }
    void await_resume() const noexcept {}

   private:
    Gate& gate_;
  };

  Awaiter pass() { return Awaiter{*this}; }
  void open() { std::exchange(waiting_, nullptr).resume(); }

 private:
  std::coroutine_handle<> waiting_;
};

// Reports its destruction.
struct Guest {
  explicit Guest(int& count) : here{&count} { ++*here; }
  Guest(Guest&& other) noexcept : here{std::exchange(other.here, nullptr)} {}
  Guest& operator=(Guest&&) = delete;
  ~Guest() {
    if (here != nullptr) --*here;
  }
  int* here;
};

Task<int> number(int value) {
  co_return value;
}
Task<int> sum(int a, int b) {
  const int first = co_await number(a);
  const int second = co_await number(b);
  co_return first + second;
}
Task<> fails() {
  throw std::runtime_error{"no"};
  co_return;
}
Task<int> fails_with_number() {
  throw std::runtime_error{"no number"};
  co_return 0;
}

TEST(TaskTest, RunsOnlyWhenItIsStarted) {
  bool ran = false;
  const auto run = [&]() -> Task<> {
    ran = true;
    co_return;
  };
  Task<> task = run();
  EXPECT_FALSE(ran);
  EXPECT_FALSE(task.done());
  task.start();
  EXPECT_TRUE(ran);
  EXPECT_TRUE(task.done());
}

TEST(TaskTest, HandsItsResultToWhoeverAwaits) {
  Task<int> task = sum(2, 3);
  task.start();
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.result(), 5);
}

TEST(TaskTest, ResultsMayBeMoveOnly) {
  const auto make = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
  int seen = 0;
  const auto use = [&]() -> Task<> {
    const std::unique_ptr<int> made = co_await make();
    seen = *made;
  };
  Task<> task = use();
  task.start();
  EXPECT_EQ(seen, 7);
}

TEST(TaskTest, ADescriptorInAResultIsClosedOnce) {
  const test::Ends ends = test::pipe_pair();
  int number = ::dup(ends.first.get());
  const auto make = [&]() -> Task<Fd> { co_return Fd{number}; };
  bool open = false;
  const auto use = [&]() -> Task<> {
    const Fd fd = co_await make();
    open = test::is_open(fd.get());
  };
  Task<> task = use();
  task.start();
  EXPECT_TRUE(open);
  EXPECT_FALSE(test::is_open(number));
}

TEST(TaskTest, ExceptionsGoToWhoeverAwaits) {
  bool caught = false;
  const auto use = [&]() -> Task<> {
    try {
      co_await fails();
    } catch (const std::runtime_error&) {
      caught = true;
    }
  };
  Task<> task = use();
  task.start();
  EXPECT_TRUE(caught);
}

TEST(TaskTest, ExceptionsPassThroughManyTasks) {
  const auto middle = []() -> Task<int> { co_return co_await fails_with_number(); };
  const auto outer = [&]() -> Task<int> { co_return co_await middle(); };
  Task<int> task = outer();
  task.start();
  ASSERT_TRUE(task.done());
  EXPECT_THROW(task.result(), std::runtime_error);
}

TEST(TaskTest, GoesOnWhereItWaited) {
  Gate gate;
  int step = 0;
  const auto inner = [&]() -> Task<int> {
    step = 1;
    co_await gate.pass();
    step = 2;
    co_return 3;
  };
  const auto outer = [&]() -> Task<> { step = co_await inner(); };
  Task<> task = outer();
  task.start();
  EXPECT_EQ(step, 1);
  EXPECT_FALSE(task.done());
  gate.open();
  EXPECT_EQ(step, 3);
  EXPECT_TRUE(task.done());
}

TEST(TaskTest, EndingATaskThatWaitsEndsEverythingInIt) {
  Gate gate;
  int guests = 0;
  const auto inner = [&](Guest) -> Task<> {
    const Guest local{guests};
    co_await gate.pass();
    ADD_FAILURE();
  };
  const auto outer = [&]() -> Task<> {
    const Guest local{guests};
    Guest argument{guests};
    co_await inner(std::move(argument));
    ADD_FAILURE();
  };
  {
    Task<> task = outer();
    task.start();
    EXPECT_EQ(guests, 3);
  }
  EXPECT_EQ(guests, 0);
}

TEST(TaskTest, EndingATaskThatNeverRanEndsItsArguments) {
  int guests = 0;
  const auto run = [](Guest) -> Task<> { co_return; };
  {
    const Task<> task = run(Guest{guests});
    EXPECT_EQ(guests, 1);
  }
  EXPECT_EQ(guests, 0);
}

TEST(TaskTest, AssigningEndsTheTaskThatWasThere) {
  Gate gate;
  int guests = 0;
  const auto run = [&]() -> Task<> {
    const Guest local{guests};
    co_await gate.pass();
  };
  Task<> task = run();
  task.start();
  EXPECT_EQ(guests, 1);
  task = Task<>{};
  EXPECT_EQ(guests, 0);
  EXPECT_TRUE(task.done());
}

TEST(TaskTest, MovingATaskThatWaitsDoesNotDisturbIt) {
  Gate gate;
  bool over = false;
  const auto run = [&]() -> Task<> {
    co_await gate.pass();
    over = true;
  };
  Task<> first = run();
  first.start();
  const Task<> second = std::move(first);
  gate.open();
  EXPECT_TRUE(over);
  EXPECT_TRUE(second.done());
}

Task<int> nested(int depth) {
  if (depth == 0) co_return 0;
  co_return co_await nested(depth - 1) + 1;
}

TEST(TaskTest, TasksNestDeeply) {
  Task<int> task = nested(1'000);
  task.start();
  EXPECT_EQ(task.result(), 1'000);
}

// More awaits than in any session without a suspension. A transfer from task to task must leave no
// stack frame, or a small one.
TEST(TaskTest, ManyTasksThatFinishAtOnceFollowOneAnother) {
  const auto run = []() -> Task<int> {
    int total = 0;
    for (int i = 0; i < 10'000; ++i) total += co_await number(1);
    co_return total;
  };
  Task<int> task = run();
  task.start();
  EXPECT_EQ(task.result(), 10'000);
}

}  // namespace
}  // namespace scache::io
