// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "io/stream.hpp"
#include "support/client.hpp"
#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"

// Frames with a descriptor, as in the direct protocol, in both directions.

namespace scache::io {
namespace {

using namespace test;
using ::testing::SizeIs;

class StreamFramesTest : public DescriptorCensus {
 protected:
  StreamFramesTest() {
    const int smallest = 0;
    ::setsockopt(ends.first.get(), SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest);
  }
  // A text without repetitions.
  static std::string text(std::size_t size) {
    std::string bytes;
    while (bytes.size() < size) bytes += std::to_string(bytes.size()) + " ";
    return bytes;
  }

  FakeClock clock;
  Loop loop{clock.reader()};
  Closer closer;
  Ends ends = socket_pair();
  SocketClient client{std::move(ends.second)};
  Ends pipe = pipe_pair();
};

TEST_F(StreamFramesTest, ADescriptorGoesOutOnTheFirstByteOfItsFrame) {
  Stream stream{loop, closer, std::move(ends.first)};
  stream.output() = "before";
  EXPECT_TRUE(stream.send_descriptor(pipe.first.get(), "frame").moved());
  stream.output() = "behind";
  EXPECT_TRUE(stream.send_output().moved());
  Arrived arrived = receive_with(client.descriptor(), 7);
  EXPECT_EQ(arrived.bytes, "beforef");
  ASSERT_THAT(arrived.descriptors, SizeIs(1));
  EXPECT_TRUE(is_same_file(arrived.descriptors.front(), pipe.first));
  EXPECT_EQ(client.read(), "ramebehind");
  EXPECT_THAT(client.descriptors(), SizeIs(0));
}

TEST_F(StreamFramesTest, WhatAClientDoesNotTakeOfAFrameFollowsInOrder) {
  Stream stream{loop, closer, std::move(ends.first)};
  const std::string large = text(200'000);
  EXPECT_TRUE(stream.send_descriptor(pipe.first.get(), large).moved());
  EXPECT_GT(stream.output().size(), 0u);
  EXPECT_LT(stream.output().size(), large.size());
  // The next one must not overtake it.
  EXPECT_TRUE(stream.send_descriptor(pipe.second.get(), "second").must_wait());
  std::string read;
  while (!stream.send_descriptor(pipe.second.get(), "second").moved()) read += client.read();
  EXPECT_THAT(client.descriptors(), SizeIs(1));
  while (!stream.send_output().moved()) read += client.read();
  read += client.read();
  EXPECT_EQ(read, large + "second");
  ASSERT_THAT(client.descriptors(), SizeIs(2));
  EXPECT_TRUE(is_same_file(client.descriptors()[0], pipe.first));
  EXPECT_TRUE(is_same_file(client.descriptors()[1], pipe.second));
}

TEST_F(StreamFramesTest, ALargeFrameThatIsSentCostsNoMemoryAfterwards) {
  Stream stream{loop, closer, std::move(ends.first)};
  const int much = 1 << 20;
  ::setsockopt(stream.descriptor(), SOL_SOCKET, SO_SNDBUF, &much, sizeof much);
  const std::string large = text(2 * Stream::kMaxBufferedReplies);
  EXPECT_TRUE(stream.send_descriptor(pipe.first.get(), large).moved());
  EXPECT_EQ(stream.output(), "");
  EXPECT_LE(stream.output().capacity(), Stream::kMaxBufferedReplies);
  EXPECT_EQ(client.read(), large);
}

TEST_F(StreamFramesTest, ADescriptorThatCameWithInputIsTakenOnce) {
  Stream stream{loop, closer, std::move(ends.first)};
  EXPECT_FALSE(stream.take_descriptor().came);
  EXPECT_TRUE(client.send("plain"));
  EXPECT_TRUE(stream.receive_input().moved());
  EXPECT_FALSE(stream.take_descriptor().came);
  EXPECT_TRUE(client.send("frame", {pipe.first.get()}));
  EXPECT_TRUE(stream.receive_input().moved());
  const Stream::Arrival arrival = stream.take_descriptor();
  EXPECT_TRUE(arrival.came);
  EXPECT_TRUE(is_same_file(arrival.fd, pipe.first));
  EXPECT_FALSE(stream.take_descriptor().came);
  EXPECT_EQ(stream.input(), "plainframe");
}

TEST_F(StreamFramesTest, SeveralDescriptorsThatCameAreToldAndNotThere) {
  Stream stream{loop, closer, std::move(ends.first)};
  EXPECT_TRUE(client.send("frame", {pipe.first.get(), pipe.second.get()}));
  EXPECT_TRUE(stream.receive_input().moved());
  const Stream::Arrival arrival = stream.take_descriptor();
  EXPECT_TRUE(arrival.came);
  EXPECT_FALSE(arrival.fd);
}

TEST_F(StreamFramesTest, ADescriptorThatIsTakenOutlivesItsBytes) {
  Stream stream{loop, closer, std::move(ends.first)};
  EXPECT_TRUE(client.send("frame", {pipe.first.get()}));
  EXPECT_TRUE(stream.receive_input().moved());
  const Stream::Arrival arrival = stream.take_descriptor();
  stream.consume(5);
  EXPECT_TRUE(is_open(arrival.fd.get()));
}

}  // namespace
}  // namespace scache::io
