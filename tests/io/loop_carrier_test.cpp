#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "io/loop.hpp"
#include "support/descriptors.hpp"
#include "support/fake_carrier.hpp"
#include "support/fake_clock.hpp"
#include "support/letter.hpp"

// A loop whose sends and waits are a carrier's.

namespace scache {
namespace {

using namespace test;
using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;

class LoopCarrierTest : public DescriptorCensus {
 protected:
  LoopCarrierTest() { loop.use(std::make_unique<FakeCarrier>(carried)); }
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
  ASSERT_EQ(loop.watch(ends.first.get(), EPOLLIN, waiter), 0);
  turn();
  EXPECT_EQ(waiter.count, 0);
  ASSERT_EQ(::write(ends.second.get(), "x", 1), 1);
  turn();
  EXPECT_EQ(waiter.count, 1);
  EXPECT_EQ(carried.calls, 2u);
}

TEST_F(LoopCarrierTest, AWatchIsOverWithItsEventAndLevelTriggeredWhenItBeginsAgain) {
  Woken waiter;
  ASSERT_EQ(loop.watch(ends.first.get(), EPOLLIN, waiter), 0);
  ASSERT_EQ(::write(ends.second.get(), "x", 1), 1);
  turn();
  turn();
  EXPECT_EQ(waiter.count, 1);
  ASSERT_EQ(loop.watch(ends.first.get(), EPOLLIN, waiter), 0);
  turn();
  EXPECT_EQ(waiter.count, 2);
}

TEST_F(LoopCarrierTest, WatchingForSomethingElseTakesThePlaceOfWhatWas) {
  Woken waiter;
  ASSERT_EQ(loop.watch(ends.first.get(), EPOLLIN, waiter), 0);
  ASSERT_EQ(loop.watch(ends.first.get(), EPOLLIN, waiter), 0);
  EXPECT_EQ(carried.watches, 1u);
  ASSERT_EQ(loop.watch(ends.first.get(), EPOLLOUT, waiter), 0);
  EXPECT_EQ(carried.watches, 2u);
  turn();
  EXPECT_EQ(waiter.count, 1);
  ASSERT_EQ(::write(ends.second.get(), "x", 1), 1);
  turn();
  EXPECT_EQ(waiter.count, 1);
}

TEST_F(LoopCarrierTest, WhoeverIsNoLongerWatchedIsNotWoken) {
  Woken waiter;
  ASSERT_EQ(loop.watch(ends.first.get(), EPOLLIN, waiter), 0);
  ASSERT_EQ(::write(ends.second.get(), "x", 1), 1);
  loop.unwatch(ends.first.get(), waiter);
  loop.unwatch(ends.first.get(), waiter);
  turn();
  EXPECT_EQ(waiter.count, 0);
}

TEST_F(LoopCarrierTest, WhoeverIsSentSoonIsSentOnce) {
  Letter letter{ends.first.get(), "letter"};
  EXPECT_TRUE(loop.send_soon(letter));
  EXPECT_TRUE(loop.send_soon(letter));
  turn();
  turn();
  EXPECT_THAT(letter.told, ElementsAre(Field(&Sent::size, letter.bytes().size())));
  EXPECT_EQ(carried.sends, 1u);
}

TEST_F(LoopCarrierTest, WhoeverGoesBeforeTheTurnIsNotSent) {
  {
    Letter letter{ends.first.get(), "letter"};
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
  ASSERT_EQ(loop.watch(ends.first.get(), EPOLLIN, waiter), 0);
  carried.fails = true;
  Letter letter{ends.first.get(), "letter"};
  EXPECT_TRUE(loop.send_soon(letter));
  // It would wait for ever if nobody were woken to look.
  loop.turn(Loop::Wait::block);
  EXPECT_THAT(letter.told, ElementsAre(Field(&Sent::size, letter.bytes().size())));
  EXPECT_EQ(waiter.count, 1) << "to wait again";
  EXPECT_EQ(carried.calls, 1u);

  EXPECT_FALSE(loop.send_soon(letter));
  const Ends more = pipe_pair();
  Fd copy{::fcntl(more.first.get(), F_DUPFD_CLOEXEC, 0)};
  const int number = copy.get();
  loop.close_soon(std::move(copy));
  EXPECT_FALSE(is_open(number)) << "at once";

  ASSERT_EQ(loop.watch(ends.first.get(), EPOLLIN, waiter), 0);
  turn();
  EXPECT_EQ(waiter.count, 1);
  ASSERT_EQ(::write(ends.second.get(), "x", 1), 1);
  turn();
  turn();
  EXPECT_EQ(waiter.count, 3) << "as long as it lasts";
  EXPECT_EQ(carried.calls, 1u);
  loop.unwatch(ends.first.get(), waiter);
}

TEST_F(LoopCarrierTest, WhoeverCannotBeWatchedByItWaitsAgain) {
  Woken waiter;
  carried.fails = true;
  ASSERT_EQ(loop.watch(ends.first.get(), EPOLLIN, waiter), 0);
  loop.turn(Loop::Wait::block);
  EXPECT_EQ(waiter.count, 1);
}

// Each time that the clock is read, a quarter of the time has gone by that is looked for.
class LoopBusyPollTest : public DescriptorCensus {
 protected:
  LoopBusyPollTest() {
    loop.use(std::make_unique<FakeCarrier>(carried));
    loop.set_busy_poll(true);
  }

  // How long a turn that would sleep for five seconds has waited, one call after the other.
  std::vector<int> waits_of_turn(Loop::Wait wait = Loop::Wait::block) {
    carried.waits.clear();
    loop.set_deadline(waiter, clock.now() + 5s);
    loop.turn(wait);
    return carried.waits;
  }

  Carried carried;
  FakeClock clock;
  Loop loop{[this] {
    clock.advance(BusyPoll::kTime / 4);
    return clock.now();
  }};
  Ends ends = socket_pair();
  Woken waiter;
};

TEST_F(LoopBusyPollTest, LooksForAWhileBeforeItSleeps) {
  const std::vector<int> waits = waits_of_turn();
  ASSERT_EQ(waits.size(), 5u);
  EXPECT_EQ(waits.back(), 5'000);
  EXPECT_THAT(std::vector(waits.begin(), waits.end() - 1), Each(0));
}

TEST_F(LoopBusyPollTest, HasFoundWhatIsThereByTheFirstLook) {
  ASSERT_EQ(loop.watch(ends.first.get(), EPOLLIN, waiter), 0);
  ASSERT_EQ(::write(ends.second.get(), "x", 1), 1);
  EXPECT_THAT(waits_of_turn(), ElementsAre(0));
  EXPECT_EQ(waiter.count, 1);
}

TEST_F(LoopBusyPollTest, SendsBeforeItLooks) {
  Letter letter{ends.first.get(), "letter"};
  EXPECT_TRUE(loop.send_soon(letter));
  waits_of_turn();
  EXPECT_THAT(letter.told, ElementsAre(Field(&Sent::size, letter.bytes().size())));
}

TEST_F(LoopBusyPollTest, AfterAWhileInVainTheNextSleepBeginsAtOnce) {
  waits_of_turn();
  EXPECT_THAT(waits_of_turn(), ElementsAre(5'000));
  EXPECT_GT(waits_of_turn().size(), 1u);
}

TEST_F(LoopBusyPollTest, WhoeverDoesNotWantToSleepLooksOnce) {
  EXPECT_THAT(waits_of_turn(Loop::Wait::poll), ElementsAre(0));
}

TEST_F(LoopBusyPollTest, SleepsAtOnceWhereItIsOff) {
  loop.set_busy_poll(false);
  EXPECT_THAT(waits_of_turn(), ElementsAre(5'000));
}

TEST_F(LoopBusyPollTest, LooksForEventsWithoutACarrier) {
  loop.use(nullptr);
  ASSERT_EQ(loop.watch(ends.first.get(), EPOLLIN, waiter), 0);
  ASSERT_EQ(::write(ends.second.get(), "x", 1), 1);
  waits_of_turn();
  EXPECT_EQ(waiter.count, 1);
  loop.unwatch(ends.first.get(), waiter);
}

}  // namespace
}  // namespace scache
