// SPDX-License-Identifier: Apache-2.0
#include "io/stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/client.hpp"
#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"

namespace scache::io {
namespace {

using namespace std::chrono_literals;
using test::Ends;

class StreamTest : public test::DescriptorCensus {
 protected:
  StreamTest() { stream.emplace(loop, closer, std::move(ends.first)); }

  void turn() { loop.turn(Loop::Wait::poll); }
  Instant soon() const { return clock.now() + 10s; }

  // Starts one wait; `flow` gets its result.
  void begin_fill(Instant deadline) { begin(wait_for_input(deadline)); }
  void begin_flush(Instant deadline) { begin(stream->flush(deadline)); }
  void begin_send(int descriptor, Instant deadline) { begin(wait_to_send(descriptor, deadline)); }
  void begin_receive(Instant deadline) {
    received.reset();
    task = wait_for_descriptor(deadline);
    task.start();
  }
  // One wait that is over by the end of this turn.
  Flow::Kind fill() {
    begin_fill(soon());
    turn();
    return flow ? flow->kind : Flow::Kind::timed_out;
  }
  // Takes the expected descriptor; nothing while the wait continues.
  std::optional<Stream::Descriptor> receive_descriptor() {
    begin_receive(soon());
    turn();
    return std::move(received);
  }
  bool is_closed_elsewhere(const Ends& pipe) {
    return test::comes_true([&] { return test::is_left_alone(pipe.second); });
  }
  // Fills the socket to the client, and returns the number of bytes.
  std::size_t fill_the_way() {
    const std::string much(4'096, 'm');
    std::size_t size = 0;
    while (test::send_with(stream->descriptor(), much, {})) size += much.size();
    return size;
  }

  test::FakeClock clock;
  Loop loop{clock.reader()};
  Closer closer;
  Ends ends = test::socket_pair();
  test::SocketClient client{std::move(ends.second)};
  std::optional<Stream> stream;
  std::optional<Flow> flow;
  std::optional<Stream::Descriptor> received;
  Task<> task;

 private:
  void begin(Task<Flow> waiting) {
    flow.reset();
    task = wait_for(std::move(waiting));
    task.start();
  }
  Task<> wait_for(Task<Flow> waiting) { flow = co_await waiting; }
  // Like a session: output first.
  Task<Flow> wait_for_input(Instant deadline) {
    Flow result = co_await stream->flush(deadline);
    if (!result.moved()) co_return result;
    do {
      const Ready ready = co_await stream->readable(deadline);
      if (ready == Ready::timed_out) co_return Flow{Flow::Kind::timed_out, 0};
      result = stream->receive_input();
    } while (result.must_wait());
    co_return result;
  }
  Task<Flow> wait_to_send(int descriptor, Instant deadline) {
    Flow result = stream->send_descriptor(descriptor);
    while (result.must_wait()) {
      const Ready ready = co_await stream->writable(deadline);
      if (ready == Ready::timed_out) co_return Flow{Flow::Kind::timed_out, 0};
      result = stream->send_descriptor(descriptor);
    }
    co_return result;
  }
  Task<> wait_for_descriptor(Instant deadline) {
    Stream::Descriptor taken = co_await stream->receive_descriptor(deadline);
    received = std::move(taken);
  }
};

TEST_F(StreamTest, InputIsWhatWasReceivedAndNotConsumed) {
  client.send("hello");
  EXPECT_EQ(fill(), Flow::Kind::moved);
  EXPECT_EQ(stream->input(), "hello");
  stream->consume(2);
  EXPECT_EQ(stream->input(), "llo");
  client.send(" again");
  EXPECT_EQ(fill(), Flow::Kind::moved);
  EXPECT_EQ(stream->input(), "llo again");
}

TEST_F(StreamTest, WaitsForInputUpToTheDeadline) {
  begin_fill(soon());
  turn();
  EXPECT_FALSE(flow);
  clock.advance(10s);
  turn();
  ASSERT_TRUE(flow);
  EXPECT_EQ(flow->kind, Flow::Kind::timed_out);
  EXPECT_EQ(flow->reason(), ETIMEDOUT);
}

TEST_F(StreamTest, AClientThatGoesIsTheEnd) {
  client.leave();
  EXPECT_EQ(fill(), Flow::Kind::end);
  EXPECT_EQ(flow->reason(), 0);
}

TEST_F(StreamTest, AClientThatLeavesBytesUnreadIsAFailure) {
  stream->output() = "unread";
  begin_flush(soon());
  client.leave();
  EXPECT_EQ(fill(), Flow::Kind::failed);
  EXPECT_EQ(flow->reason(), ECONNRESET);
}

TEST_F(StreamTest, LargeInputComesPieceByPiece) {
  const std::string text(100'000, 't');
  ASSERT_TRUE(client.send(text));
  for (int i = 0; i < 100 && stream->input().size() < text.size(); ++i) {
    ASSERT_EQ(fill(), Flow::Kind::moved);
  }
  EXPECT_EQ(stream->input(), text);
}

TEST_F(StreamTest, OutputIsSentBeforeAWaitForInput) {
  stream->output() = "reply";
  begin_fill(soon());
  EXPECT_EQ(client.read(), "reply");
  EXPECT_TRUE(stream->output().empty());
}

TEST_F(StreamTest, OutputIsSentBeforeADescriptorIsAwaited) {
  stream->output() = "dummy";
  begin_receive(soon());
  EXPECT_EQ(client.read(), "dummy");
}

TEST_F(StreamTest, OutputIsSentBeforeADescriptor) {
  const Ends pipe = test::pipe_pair();
  stream->output() = "reply";
  begin_send(pipe.first.get(), soon());
  ASSERT_TRUE(flow);
  EXPECT_TRUE(flow->moved());
  EXPECT_EQ(client.read(), std::string("reply\0", 6));
  EXPECT_EQ(client.descriptors().size(), 1u);
}

TEST_F(StreamTest, WaitsForAClientThatReadsNothing) {
  const std::size_t before = fill_the_way();
  stream->output() = "reply";
  begin_flush(soon());
  turn();
  EXPECT_FALSE(flow);
  EXPECT_EQ(client.read().size(), before);
  turn();
  ASSERT_TRUE(flow);
  EXPECT_TRUE(flow->moved());
  EXPECT_EQ(client.read(), "reply");
}

TEST_F(StreamTest, WaitsForAClientThatReadsNothingUpToTheDeadline) {
  fill_the_way();
  stream->output() = "reply";
  begin_flush(soon());
  clock.advance(10s);
  turn();
  ASSERT_TRUE(flow);
  EXPECT_EQ(flow->kind, Flow::Kind::timed_out);
}

TEST_F(StreamTest, NoByteIsSentTwiceAfterADeadline) {
  std::string much;
  for (int i = 0; much.size() < 2'000'000; ++i) much += std::to_string(i) + ' ';
  stream->output() = much;
  begin_flush(soon());
  turn();
  ASSERT_FALSE(flow);
  clock.advance(10s);
  turn();
  ASSERT_TRUE(flow);
  std::string seen = client.read();
  EXPECT_GT(seen.size(), 0u);
  begin_flush(clock.now() + 10s);
  for (int i = 0; i < 1'000 && !(flow && flow->moved()); ++i) {
    seen += client.read();
    turn();
  }
  seen += client.read();
  EXPECT_TRUE(seen == much);
}

TEST_F(StreamTest, LargeOutputIsSentAsTheClientReads) {
  std::string much;
  for (int i = 0; much.size() < 2'000'000; ++i) much += std::to_string(i) + ' ';
  stream->output() = much;
  begin_flush(soon());
  std::string seen;
  for (int i = 0; i < 1'000 && !flow; ++i) {
    seen += client.read();
    turn();
  }
  seen += client.read();
  EXPECT_TRUE(seen == much);
  EXPECT_LT(stream->output().capacity(), 100'000u);
}

TEST_F(StreamTest, TooMuchOutputIsMoreThanTheLimit) {
  stream->output().assign(Stream::kMaxBufferedReplies, 'x');
  EXPECT_FALSE(stream->too_much_output());
  stream->output() += 'x';
  EXPECT_TRUE(stream->too_much_output());
}

TEST_F(StreamTest, TheDescriptorsByteAndItsDescriptor) {
  const Ends pipe = test::pipe_pair();
  begin_receive(soon());
  turn();
  EXPECT_FALSE(received);
  client.send("x", {pipe.first.get()});
  turn();
  ASSERT_TRUE(received);
  EXPECT_TRUE(received->flow.moved());
  EXPECT_TRUE(received->fd);
  EXPECT_EQ(stream->input(), "");
}

TEST_F(StreamTest, BytesBehindTheDescriptorsByteStayInTheStream) {
  const Ends pipe = test::pipe_pair();
  client.send("xyz", {pipe.first.get()});
  const auto taken = receive_descriptor();
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->fd);
  EXPECT_EQ(fill(), Flow::Kind::moved);
  EXPECT_EQ(stream->input(), "yz");
}

TEST_F(StreamTest, AByteWithoutADescriptorIsTakenAlone) {
  client.send("hello");
  const auto taken = receive_descriptor();
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->flow.moved());
  EXPECT_FALSE(taken->fd);
  EXPECT_EQ(fill(), Flow::Kind::moved);
  EXPECT_EQ(stream->input(), "ello");
}

TEST_F(StreamTest, AByteWithTwoDescriptorsHasNone) {
  const Ends pipe = test::pipe_pair();
  client.send("x", {pipe.first.get(), pipe.first.get()});
  const auto taken = receive_descriptor();
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->flow.moved());
  EXPECT_FALSE(taken->fd);
}

TEST_F(StreamTest, WaitsForADescriptorUpToTheDeadline) {
  begin_receive(soon());
  clock.advance(10s);
  turn();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->flow.reason(), ETIMEDOUT);
  EXPECT_FALSE(received->fd);
}

TEST_F(StreamTest, AClientThatGoesInsteadOfSendingADescriptor) {
  client.leave();
  const auto taken = receive_descriptor();
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->flow.kind, Flow::Kind::end);
}

TEST_F(StreamTest, ADescriptorSentBeforeItWasAskedForIsTaken) {
  const Ends pipe = test::pipe_pair();
  client.send("request");
  client.send("x", {pipe.first.get()});
  ASSERT_EQ(fill(), Flow::Kind::moved);
  EXPECT_EQ(stream->input(), "requestx");
  stream->consume(7);
  const auto taken = receive_descriptor();
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->fd);
  EXPECT_EQ(stream->input(), "");
}

TEST_F(StreamTest, ARequestMayBeConsumedInParts) {
  const Ends pipe = test::pipe_pair();
  client.send("request");
  client.send("x", {pipe.first.get()});
  ASSERT_EQ(fill(), Flow::Kind::moved);
  for (int i = 0; i < 7; ++i) stream->consume(1);
  const auto taken = receive_descriptor();
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->fd);
}

TEST_F(StreamTest, TwoDescriptorsSentAheadAreTakenOneAfterTheOther) {
  const Ends pipe = test::pipe_pair();
  for (int i = 0; i < 2; ++i) {
    client.send("request");
    client.send("x", {i == 0 ? pipe.first.get() : pipe.second.get()});
  }
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(fill(), Flow::Kind::moved);
    EXPECT_EQ(stream->input(), "requestx");
    stream->consume(7);
    const auto taken = receive_descriptor();
    ASSERT_TRUE(taken);
    EXPECT_TRUE(taken->fd);
  }
}

TEST_F(StreamTest, TwoDescriptorsInOneMessageSentAheadAreNone) {
  const Ends pipe = test::pipe_pair();
  client.send("request");
  client.send("x", {pipe.first.get(), pipe.first.get()});
  ASSERT_EQ(fill(), Flow::Kind::moved);
  stream->consume(7);
  const auto taken = receive_descriptor();
  ASSERT_TRUE(taken);
  EXPECT_FALSE(taken->fd);
  EXPECT_EQ(stream->input(), "");
}

TEST_F(StreamTest, ADescriptorMayComeBehindRequestsThatWereSentAhead) {
  const Ends pipe = test::pipe_pair();
  client.send("requestnext");
  ASSERT_EQ(fill(), Flow::Kind::moved);
  stream->consume(7);
  client.send("x", {pipe.first.get()});
  const auto taken = receive_descriptor();
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->fd);
  EXPECT_EQ(stream->input(), "next");
}

TEST_F(StreamTest, ADescriptorThatIsSentAheadOfAnotherRequestIsNotThisOnes) {
  const Ends pipe = test::pipe_pair();
  client.send("requestnext");
  client.send("x", {pipe.first.get()});
  ASSERT_EQ(fill(), Flow::Kind::moved);
  stream->consume(7);
  const auto taken = receive_descriptor();
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->flow.moved());
  EXPECT_FALSE(taken->fd);
  EXPECT_EQ(stream->input(), "nextx");
}

TEST_F(StreamTest, ADescriptorOnARequestsLastByteIsClosedWithIt) {
  Ends pipe = test::pipe_pair();
  client.send("request", {pipe.first.get()});
  pipe.first.reset();
  ASSERT_EQ(fill(), Flow::Kind::moved);
  stream->consume(7);
  EXPECT_TRUE(is_closed_elsewhere(pipe));
}

TEST_F(StreamTest, ADescriptorWithinARequestIsClosedWhenTheRequestGoesOn) {
  Ends pipe = test::pipe_pair();
  client.send("requ", {pipe.first.get()});
  pipe.first.reset();
  ASSERT_EQ(fill(), Flow::Kind::moved);
  EXPECT_FALSE(test::is_left_alone(pipe.second));
  client.send("est");
  ASSERT_EQ(fill(), Flow::Kind::moved);
  EXPECT_TRUE(is_closed_elsewhere(pipe));
  EXPECT_EQ(stream->input(), "request");
}

TEST_F(StreamTest, ADescriptorThatNobodyTookIsClosedWithTheStream) {
  Ends pipe = test::pipe_pair();
  client.send("request", {pipe.first.get()});
  pipe.first.reset();
  ASSERT_EQ(fill(), Flow::Kind::moved);
  task = {};
  stream.reset();
  EXPECT_TRUE(is_closed_elsewhere(pipe));
}

TEST_F(StreamTest, ADescriptorGoesOutAsACopyWithOneByte) {
  const Ends pipe = test::pipe_pair();
  begin_send(pipe.first.get(), soon());
  ASSERT_TRUE(flow);
  EXPECT_EQ(client.read(), std::string(1, '\0'));
  ASSERT_EQ(client.descriptors().size(), 1u);
  EXPECT_TRUE(test::is_open(pipe.first.get()));
}

TEST_F(StreamTest, ADescriptorWaitsForAClientThatReadsNothingUpToTheDeadline) {
  const Ends pipe = test::pipe_pair();
  fill_the_way();
  begin_send(pipe.first.get(), soon());
  turn();
  EXPECT_FALSE(flow);
  clock.advance(10s);
  turn();
  ASSERT_TRUE(flow);
  EXPECT_EQ(flow->reason(), ETIMEDOUT);
  client.read();
  EXPECT_TRUE(client.descriptors().empty());
}

TEST_F(StreamTest, ADescriptorForAClientThatHasGoneIsABrokenPipe) {
  const Ends pipe = test::pipe_pair();
  client.leave();
  begin_send(pipe.first.get(), soon());
  ASSERT_TRUE(flow);
  EXPECT_EQ(flow->reason(), EPIPE);
}

// The kernel would skip it, and block in the close of its descriptor.
TEST_F(StreamTest, WhatIsSentOutOfBandComesInLine) {
  Ends lingering = test::lingering_pair(30);
  if (!test::send_with(client.descriptor(), "x", {lingering.first.get()}, MSG_OOB)) {
    GTEST_SKIP() << "this kernel's UNIX-domain sockets have no such bytes";
  }
  lingering.first.reset();
  client.send("y");
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(fill(), Flow::Kind::moved);
  EXPECT_EQ(stream->input(), "x");
  Stream::Arrival arrival = stream->take_descriptor();
  EXPECT_TRUE(arrival.fd);
  closer.close(std::move(arrival.fd), Closer::kNobody);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
  lingering.second.reset();
}

TEST_F(StreamTest, TheClientSeesTheEndAtOnceAndReadsWhatWasSentBefore) {
  stream->output() = "last words";
  begin_flush(soon());
  client.send("unread");
  task = {};
  stream.reset();
  EXPECT_EQ(client.read(), "last words");
  EXPECT_TRUE(client.sees_end());
}

TEST_F(StreamTest, ALingeringSocketThatNobodyReceivedDoesNotDelayTheEnd) {
  Ends lingering = test::lingering_pair(30);
  client.send("x", {lingering.first.get()});
  lingering.first.reset();
  const auto begun = std::chrono::steady_clock::now();
  stream.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
  lingering.second.reset();
}

TEST_F(StreamTest, AClientThatHasSentMuchCostsNoMemoryWhileItWaits) {
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(client.send(std::string(1'000, 't')));
    ASSERT_EQ(fill(), Flow::Kind::moved);
  }
  ASSERT_EQ(stream->input().size(), 300'000u);
  stream->consume(300'000);
  begin_fill(kNever);
  EXPECT_EQ(stream->input().data(), nullptr);
  client.send("next");
  turn();
  EXPECT_EQ(stream->input(), "next");
}

TEST_F(StreamTest, EndsWhileItWaits) {
  begin_fill(kNever);
  turn();
  task = {};
  stream.reset();
  client.send("x");
  turn();
}

}  // namespace
}  // namespace scache::io
