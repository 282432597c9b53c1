// SPDX-License-Identifier: Apache-2.0
#include "io/stream.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "faults/faults.hpp"
#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"

namespace scache::test {
namespace {

Task<> flush_into(Stream& stream, Flow& flow) {
  flow = co_await stream.flush(kNever);
}

// What the other end gets, when sending fails after a part of it was sent, and is tried again.
std::string sent_in_two_tries(const std::string& text, std::size_t first_part) {
  FakeClock clock;
  Loop loop{clock.reader()};
  Closer closer;
  Ends ends = socket_pair();
  Stream stream{loop, closer, std::move(ends.first)};
  stream.output() = text;
  faults = Faults{.fault = {Call::send, first_part + 1, ENOMEM, Lasts::once},
                  .weather = Weather::byte_by_byte};

  Flow flow;
  Task<> first = flush_into(stream, flow);
  {
    const Guarded guarded;
    first.start();
  }
  EXPECT_TRUE(first.done());
  EXPECT_EQ(flow.reason(), ENOMEM);
  Task<> second = flush_into(stream, flow);
  second.start();
  EXPECT_TRUE(second.done());
  EXPECT_TRUE(flow.moved());
  return receive_with(ends.second.get()).bytes;
}

TEST(StreamWithFaults, SaysNothingTwiceWhenSendingFailsInTheMiddle) {
  for (std::size_t first_part = 0; first_part < 5; ++first_part) {
    EXPECT_EQ(sent_in_two_tries("reply", first_part), "reply");
  }
}

}  // namespace
}  // namespace scache::test
