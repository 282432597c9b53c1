#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "io/stream.hpp"
#include "support/client.hpp"
#include "support/descriptors.hpp"
#include "support/fake_carrier.hpp"
#include "support/fake_clock.hpp"

// Output that leaves at the end of the loop's turn, together with that of others.

namespace scache {
namespace {

using namespace std::chrono_literals;
using namespace test;

class StreamSoonTest : public DescriptorCensus {
 protected:
  StreamSoonTest() {
    loop.use(std::make_unique<FakeCarrier>(carried));
    stream.emplace(loop, closer, std::move(ends.first));
  }
  void turn() { loop.turn(Loop::Wait::poll); }
  // A session that says something and waits for input, and whatever it is woken for.
  Task<> say_and_wait(std::string words) {
    stream->output() = std::move(words);
    for (;;) {
      sent = stream->send_soon();
      if (!sent->moved()) co_return;
      co_await stream->readable(kNever);
      received = stream->receive_input();
      if (!received->must_wait()) co_return;
    }
  }

  Carried carried;
  FakeClock clock;
  Loop loop{clock.reader()};
  Closer closer{loop};
  Ends ends = socket_pair();
  SocketClient client{std::move(ends.second)};
  std::optional<Stream> stream;
  std::optional<Flow> sent;
  std::optional<Flow> received;
};

TEST_F(StreamSoonTest, OutputLeavesAtTheEndOfTheTurn) {
  Task<> session = say_and_wait("hello");
  session.start();
  ASSERT_TRUE(sent);
  EXPECT_TRUE(sent->moved());
  EXPECT_EQ(client.read(), "") << "not before";
  turn();
  EXPECT_EQ(client.read(), "hello");
  EXPECT_EQ(stream->output(), "");
  EXPECT_FALSE(received) << "nobody is woken";
}

TEST_F(StreamSoonTest, WhatIsAddedMeanwhileLeavesWithIt) {
  stream->output() = "one ";
  stream->send_soon();
  stream->output() += "two";
  stream->send_soon();
  turn();
  EXPECT_EQ(client.read(), "one two");
  EXPECT_EQ(carried.sends, 1u);
}

TEST_F(StreamSoonTest, NothingToSendIsNotCarried) {
  EXPECT_TRUE(stream->send_soon().moved());
  turn();
  EXPECT_EQ(carried.sends, 0u);
}

TEST_F(StreamSoonTest, WithoutACarrierOutputLeavesAtOnce) {
  loop.use(nullptr);
  stream->output() = "hello";
  EXPECT_TRUE(stream->send_soon().moved());
  EXPECT_EQ(client.read(), "hello");
}

TEST_F(StreamSoonTest, WhoeverCannotWaitForTheTurnSendsItOnce) {
  stream->output() = "hello";
  stream->send_soon();
  EXPECT_TRUE(stream->send_output().moved());
  EXPECT_EQ(client.read(), "hello");
  turn();
  EXPECT_EQ(client.read(), "");
  EXPECT_EQ(carried.sends, 0u);
}

TEST_F(StreamSoonTest, ADescriptorComesBehindWhatWasToBeSentSoon) {
  const Ends pipe = pipe_pair();
  stream->output() = "hello";
  stream->send_soon();
  EXPECT_TRUE(stream->send_descriptor(pipe.first.get()).moved());
  turn();
  EXPECT_EQ(client.read(), std::string("hello\0", 6));
  client.descriptors().clear();
}

TEST_F(StreamSoonTest, AStreamThatEndsSendsWhatWasToBeSentSoon) {
  stream->output() = "goodbye";
  stream->send_soon();
  stream.reset();
  turn();
  EXPECT_EQ(client.read(), "goodbye");
}

TEST_F(StreamSoonTest, WhoeverWaitsLearnsThatTheClientReadsNothing) {
  carried.outcomes = {{.size = 2, .error = EAGAIN}};
  std::string much(1 << 20, 'm');
  Task<> session = say_and_wait("hello" + much);
  session.start();
  turn();
  EXPECT_TRUE(session.done());
  ASSERT_TRUE(received);
  EXPECT_TRUE(received->must_wait()) << "there is no input";
  EXPECT_TRUE(sent->must_wait()) << "it tries at once, and finds no room either";
  EXPECT_EQ(client.read().substr(0, 6), "hellom") << "no byte twice, none lost";
}

TEST_F(StreamSoonTest, OneThatFellShortMayCatchUp) {
  carried.outcomes = {{.size = 2, .error = EAGAIN}};
  Task<> session = say_and_wait("hello");
  session.start();
  turn();
  EXPECT_EQ(client.read(), "hello");
  EXPECT_FALSE(session.done());
  stream->output() = " again";
  stream->send_soon();
  EXPECT_EQ(client.read(), "") << "the next leaves with the turn, as ever";
  turn();
  EXPECT_EQ(client.read(), " again");
}

TEST_F(StreamSoonTest, RepliesComeBeforeTheClientsEnd) {
  carried.outcomes = {{.size = 2, .error = EAGAIN}};
  ASSERT_EQ(::shutdown(client.descriptor(), SHUT_WR), 0);
  Task<> session = say_and_wait("hello");
  session.start();
  turn();
  EXPECT_EQ(client.read(), "hello");
  turn();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->kind, Flow::Kind::end);
}

TEST_F(StreamSoonTest, WhoeverWaitsLearnsWhyASendFailed) {
  // A reset is told once; the next send would only say that the pipe is broken.
  carried.outcomes = {{.size = 0, .error = ECONNRESET}};
  Task<> session = say_and_wait("hello");
  session.start();
  turn();
  ASSERT_TRUE(session.done());
  EXPECT_EQ(received->kind, Flow::Kind::failed);
  EXPECT_EQ(received->reason(), ECONNRESET);
  EXPECT_EQ(stream->send_soon().reason(), ECONNRESET);
  EXPECT_EQ(client.read(), "");
}

TEST_F(StreamSoonTest, AWaitForADescriptorLearnsThatASendFailed) {
  carried.outcomes = {{.size = 0, .error = EPIPE}};
  std::optional<Stream::Descriptor> result;
  const auto wait = [&]() -> Task<> {
    stream->output() = "send it";
    result.emplace(co_await stream->receive_descriptor(kNever));
  };
  Task<> session = wait();
  session.start();
  turn();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->flow.reason(), EPIPE);
  EXPECT_FALSE(result->fd);
}

TEST_F(StreamSoonTest, AHandedOverConnectionIsClosedByTheEndOfTheTurn) {
  Ends connection = socket_pair();
  const int number = connection.first.get();
  closer.close_handed_over(std::move(connection.first), DescriptorKind::local);
  EXPECT_TRUE(is_open(number));
  turn();
  EXPECT_FALSE(is_open(number));
}

}  // namespace
}  // namespace scache
