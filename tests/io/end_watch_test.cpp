// SPDX-License-Identifier: Apache-2.0
#include "io/end_watch.hpp"

#include <gtest/gtest.h>

#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"

namespace scache::io {
namespace {

class EndWatchTest : public test::DescriptorCensus {
 protected:
  void turn() { loop.turn(Loop::Wait::poll); }

  test::FakeClock clock;
  Loop loop{clock.reader()};
  test::Ends ends = test::socket_pair();
  int gone = 0;
};

TEST_F(EndWatchTest, TellsOnceThatTheOtherEndHasGone) {
  const EndWatch watch{loop, ends.first.get(), [&] { ++gone; }};
  turn();
  EXPECT_EQ(gone, 0);
  ends.second.reset();
  turn();
  EXPECT_EQ(gone, 1);
  turn();
  turn();
  EXPECT_EQ(gone, 1);
}

TEST_F(EndWatchTest, DropsWhateverIsSaid) {
  const EndWatch watch{loop, ends.first.get(), [&] { ++gone; }};
  ASSERT_TRUE(test::send_with(ends.second.get(), std::string(1'000, 'x'), {}));
  for (int i = 0; i < 10; ++i) turn();
  EXPECT_EQ(gone, 0);
  EXPECT_EQ(test::receive_with(ends.first.get()).size, -1);
  ends.second.reset();
  turn();
  EXPECT_EQ(gone, 1);
}

TEST_F(EndWatchTest, AnEndThatWasThereBeforeIsSeen) {
  ends.second.reset();
  const EndWatch watch{loop, ends.first.get(), [&] { ++gone; }};
  turn();
  EXPECT_EQ(gone, 1);
}

TEST_F(EndWatchTest, DescriptorsThatAreSaidAreClosed) {
  test::Ends pipe = test::pipe_pair();
  const EndWatch watch{loop, ends.first.get(), [&] { ++gone; }};
  ASSERT_TRUE(test::send_with(ends.second.get(), "x", {pipe.first.get()}));
  pipe.first.reset();
  turn();
  EXPECT_TRUE(test::is_left_alone(pipe.second));
}

}  // namespace
}  // namespace scache::io
