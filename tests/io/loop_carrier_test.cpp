#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string_view>
#include <utility>

#include "io/loop.hpp"
#include "support/descriptors.hpp"
#include "support/fake_carrier.hpp"
#include "support/fake_clock.hpp"

// A loop whose sends and waits are a carrier's.

namespace scache {
namespace {

using namespace test;

class Letter final : public Outgoing {
 public:
  explicit Letter(int socket) : socket_{socket} {}
  ~Letter() = default;

  int socket() const noexcept override { return socket_; }
  std::string_view bytes() const noexcept override { return "letter"; }
  void left(const Sent& sent) noexcept override { taken += sent.size; }

  std::size_t taken = 0;

 private:
  int socket_;
};

class LoopCarrierTest : public DescriptorCensus {
 protected:
  LoopCarrierTest() { loop.use(std::make_unique<FakeCarrier>(loop.epoll(), carried)); }
  void turn() { loop.turn(Loop::Wait::poll); }

  Carried carried;
  FakeClock clock;
  Loop loop{clock.reader()};
  Ends ends = socket_pair();
};

class Woken final : public Waiter {
 public:
  ~Woken() = default;
  int count = 0;

 private:
  void wake(bool) override { ++count; }
};

TEST_F(LoopCarrierTest, EveryTurnIsOneCall) {
  Woken waiter;
  ASSERT_EQ(loop.watch(ends.first.get(), EPOLLIN, waiter, false), 0);
  turn();
  EXPECT_EQ(waiter.count, 0);
  ASSERT_EQ(::write(ends.second.get(), "x", 1), 1);
  turn();
  EXPECT_EQ(waiter.count, 1);
  EXPECT_EQ(carried.calls, 2u);
  loop.unwatch(ends.first.get());
}

TEST_F(LoopCarrierTest, WhoeverIsSentSoonIsSentOnce) {
  Letter letter{ends.first.get()};
  EXPECT_TRUE(loop.send_soon(letter));
  EXPECT_TRUE(loop.send_soon(letter));
  turn();
  turn();
  EXPECT_EQ(letter.taken, letter.bytes().size());
  EXPECT_EQ(carried.sends, 1u);
}

TEST_F(LoopCarrierTest, WhoeverGoesBeforeTheTurnIsNotSent) {
  {
    Letter letter{ends.first.get()};
    EXPECT_TRUE(loop.send_soon(letter));
  }
  turn();
  EXPECT_EQ(carried.sends, 0u);
}

TEST_F(LoopCarrierTest, ADescriptorIsClosedByTheEndOfTheTurn) {
  const int number = ends.first.get();
  loop.close_soon(std::move(ends.first));
  EXPECT_TRUE(is_open(number));
  turn();
  EXPECT_FALSE(is_open(number));
}

TEST_F(LoopCarrierTest, WhenTheCarrierFailsTheLoopGoesOnWithoutIt) {
  Woken waiter;
  ASSERT_EQ(loop.watch(ends.first.get(), EPOLLIN, waiter, false), 0);
  ASSERT_EQ(::write(ends.second.get(), "x", 1), 1);
  carried.fails = true;
  Letter letter{ends.first.get()};
  EXPECT_TRUE(loop.send_soon(letter));
  turn();
  EXPECT_EQ(letter.taken, letter.bytes().size());
  EXPECT_EQ(waiter.count, 1) << "in the same turn";
  EXPECT_FALSE(loop.send_soon(letter));
  const int number = ends.second.get();
  loop.close_soon(std::move(ends.second));
  EXPECT_FALSE(is_open(number)) << "at once";
  turn();
  EXPECT_EQ(waiter.count, 2);
  EXPECT_EQ(carried.calls, 1u);
  loop.unwatch(ends.first.get());
}

}  // namespace
}  // namespace scache
