// SPDX-License-Identifier: Apache-2.0
#include "io/signals.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <vector>

#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"

namespace scache::io {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class SignalsTest : public test::DescriptorCensus {
 protected:
  void turn() { loop.turn(Loop::Wait::poll); }
  static bool is_blocked(int number) {
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    return sigismember(&mask, number) == 1;
  }

  test::FakeClock clock;
  Loop loop{clock.reader()};
  std::vector<int> came;
};

TEST_F(SignalsTest, BringsSignalsIntoTheLoop) {
  const Signals signals{loop, {SIGUSR1, SIGUSR2}, [&](int number) { came.push_back(number); }};
  ::raise(SIGUSR1);
  EXPECT_TRUE(came.empty());
  turn();
  EXPECT_THAT(came, ElementsAre(SIGUSR1));
  turn();
  EXPECT_EQ(came.size(), 1u);
}

TEST_F(SignalsTest, SeveralSignalsAllCome) {
  const Signals signals{loop, {SIGUSR1, SIGUSR2}, [&](int number) { came.push_back(number); }};
  ::raise(SIGUSR1);
  ::raise(SIGUSR2);
  turn();
  turn();
  EXPECT_THAT(came, UnorderedElementsAre(SIGUSR1, SIGUSR2));
}

TEST_F(SignalsTest, BlocksItsSignalsAsLongAsItLives) {
  ASSERT_FALSE(is_blocked(SIGUSR1));
  {
    const Signals signals{loop, {SIGUSR1}, [](int) {}};
    EXPECT_TRUE(is_blocked(SIGUSR1));
    EXPECT_FALSE(is_blocked(SIGUSR2));
  }
  EXPECT_FALSE(is_blocked(SIGUSR1));
}

TEST(DieOfTest, DiesAsIfNobodyHadCaughtTheSignal) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        ::signal(SIGTERM, SIG_IGN);
        die_of(SIGTERM);
      },
      ::testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace scache::io
