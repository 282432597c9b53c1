// SPDX-License-Identifier: Apache-2.0
#include "server/closing_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <utility>
#include <vector>

#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"
#include "support/hanging_close.hpp"
#include "support/recording_log.hpp"

namespace scache::test {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uid_t kMallory = 1'001;
constexpr uid_t kAlice = 1'002;

class ClosingWatchTest : public DescriptorCensus {
 protected:
  ~ClosingWatchTest() override {
    peers.clear();
    EXPECT_TRUE(comes_true([this] { return !closer.catch_up(); }));
  }
  void turn(Duration time = {}) {
    clock.advance(time);
    watch.before_wait();
    loop.turn(Loop::Wait::poll);
  }
  void get_stuck() {
    Ends lingering = lingering_pair(30);
    const int number = lingering.first.get();
    peers.push_back(std::move(lingering.second));
    closer.close(std::move(lingering.first), kMallory);
    EXPECT_TRUE(comes_true([number] { return !is_open(number); }));
    // The first look records it, the second reports it.
    for (int i = 0; i < 3; ++i) turn(Closer::kLookEvery);
  }

  const HangingClose hanging;
  FakeClock clock;
  Loop loop{clock.reader()};
  Closer closer;
  RecordingLog log;
  ClosingWatch watch{loop, closer, log};
  std::vector<Fd> peers;
};

TEST_F(ClosingWatchTest, SaysNothingOfWhatIsClosed) {
  closer.close(Fd{::eventfd(0, EFD_CLOEXEC)}, kAlice);
  EXPECT_TRUE(comes_true([this] { return !closer.catch_up(); }));
  for (int i = 0; i < 3; ++i) turn(Closer::kLookEvery);
  EXPECT_THAT(log.take(), IsEmpty());
}

TEST_F(ClosingWatchTest, TellsOfEachCloseThatDoesNotEndAndHasOthersClosed) {
  get_stuck();
  EXPECT_THAT(log.take(), ElementsAre("warning: close(2) of descriptors from user 1001 does not "
                                      "return: 1 blocked"));
  Fd event{::eventfd(0, EFD_CLOEXEC)};
  const int number = event.get();
  closer.close(std::move(event), kAlice);
  EXPECT_TRUE(comes_true([&] { return !is_open(number); }));
  for (int i = 0; i < 3; ++i) turn(Closer::kLookEvery);
  EXPECT_THAT(log.take(), IsEmpty());
}

TEST_F(ClosingWatchTest, SaysWhenAUserIsRefused) {
  for (unsigned i = 0; i < Closer::kStuckOfUser; ++i) get_stuck();
  const auto lines = log.take();
  ASSERT_THAT(lines, SizeIs(Closer::kStuckOfUser));
  EXPECT_THAT(lines.back(), EndsWith("32 blocked, the user is refused"));
}

TEST_F(ClosingWatchTest, SaysOnceThatThereAreNoThreads) {
  Closer alone{0};
  ClosingWatch its{loop, alone, log};
  its.before_wait();
  EXPECT_THAT(log.take(), IsEmpty());
  for (int i = 0; i < 2; ++i) {
    alone.close(Fd{::eventfd(0, EFD_CLOEXEC)}, kAlice);
    its.before_wait();
  }
  EXPECT_THAT(log.take(), SizeIs(1));
}

}  // namespace
}  // namespace scache::test
