// SPDX-License-Identifier: Apache-2.0
#include "client/direct_way.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "client/channel_fixture.hpp"

namespace scache::client {
namespace {

using direct::Kind;

class DirectWay : public ChannelTest {
 protected:
  Result<Reply> ask(RequestId id = 1) { return ask_until(soon(), id); }
  Result<Reply> ask_until(Instant deadline, RequestId id = 1) {
    EXPECT_TRUE(channel_.send_all(ping_request(id), {}, deadline));
    return await_reply(channel_, id, deadline);
  }
};

TEST_F(DirectWay, AsksAndHears) {
  peer_->say(test::frame(Kind::pong, 1));
  const auto reply = ask();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->header.kind, static_cast<std::uint8_t>(Kind::pong));
  EXPECT_FALSE(reply->descriptor);
  EXPECT_TRUE(channel_.in_step());
  EXPECT_EQ(peer_->take_request().kind, Kind::ping);
}

TEST_F(DirectWay, HandsOutTheDescriptorOfAReplyHoweverItArrives) {
  const test::Ends pipe = test::pipe_pair();
  const std::string frame = test::found(1);
  for (std::size_t i = 0; i < frame.size(); ++i) {
    if (i == 0) {
      peer_->say(frame.substr(i, 1), {pipe.first.get()});
    } else {
      peer_->say(frame.substr(i, 1));
    }
    const auto none = take_reply(channel_);
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none);
    ASSERT_TRUE(channel_.receive());
  }
  const auto reply = take_reply(channel_);
  ASSERT_TRUE(reply);
  EXPECT_TRUE((*reply)->descriptor);
}

TEST_F(DirectWay, EachReplyGetsItsOwnDescriptor) {
  const test::Ends pipe = test::pipe_pair();
  peer_->say(test::not_found(1));
  peer_->say(test::found(2), {pipe.first.get()});
  peer_->say(test::not_found(3));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(channel_.receive());
  for (const bool found : {false, true, false}) {
    const auto reply = take_reply(channel_);
    ASSERT_TRUE(reply && *reply);
    EXPECT_EQ(static_cast<bool>((*reply)->descriptor), found);
  }
}

TEST_F(DirectWay, EndsWhereDescriptorsAndFlagsDisagree) {
  const test::Ends pipe = test::pipe_pair();
  peer_->say(test::not_found(1), {pipe.first.get()});
  EXPECT_EQ(code_of(ask()), ErrorCode::protocol);
  EXPECT_FALSE(channel_.in_step());
}

TEST_F(DirectWay, EndsWhereAFlagPromisesADescriptor) {
  peer_->say(test::found(1));
  EXPECT_EQ(code_of(ask()), ErrorCode::protocol);
  EXPECT_FALSE(channel_.in_step());
}

TEST_F(DirectWay, EndsAtGarbage) {
  peer_->say(std::string(24, '\xff'));
  EXPECT_EQ(code_of(ask()), ErrorCode::protocol);
  EXPECT_FALSE(channel_.in_step());
}

TEST_F(DirectWay, EndsAtAReplyToSomethingElse) {
  peer_->say(test::frame(Kind::pong, 2));
  EXPECT_EQ(code_of(ask(1)), ErrorCode::protocol);
  EXPECT_FALSE(channel_.in_step());
}

TEST_F(DirectWay, EndsAtAReplyTooMany) {
  peer_->say(test::frame(Kind::pong, 1) + test::frame(Kind::pong, 2));
  EXPECT_EQ(code_of(ask(1)), ErrorCode::protocol);
}

TEST_F(DirectWay, NoticesAReplyThatBreaksOff) {
  EXPECT_TRUE(channel_.send_all(ping_request(1), {}, soon()));
  peer_->take_request();
  peer_->say(test::frame(Kind::pong, 1).substr(0, 23));
  peer_->leave();
  EXPECT_EQ(code_of(await_reply(channel_, 1, soon())), ErrorCode::disconnected);
}

TEST_F(DirectWay, WaitsForTheWholeReplyUntilTheDeadline) {
  peer_->say(test::frame(Kind::pong, 1).substr(0, 23));
  const Instant deadline = after(BootClock::now(), std::chrono::milliseconds{20});
  EXPECT_EQ(code_of(ask_until(deadline)), ErrorCode::timeout);
  EXPECT_FALSE(channel_.in_step());
}

}  // namespace
}  // namespace scache::client
