// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/direct_fixture.hpp"
#include "server/direct_session.hpp"

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using namespace test;
using ::testing::SizeIs;

// More lookups than descriptors may be unread.
constexpr std::size_t kMany = 2 * Stream::kMaxUnreadDescriptors;

TEST_F(DirectSessionTest, DescriptorsThatAreNotReadAreLimitedAndNothingIsLost) {
  talk.say(many_lookups());
  EXPECT_GE(service.cache().connections(), kMany - Stream::kMaxUnreadDescriptors);
  std::size_t replies = 0;
  for (int round = 0; round < 10 && replies < kMany; ++round) {
    replies += talk.hear().size();
    talk.client.descriptors().clear();
    settle();
  }
  EXPECT_EQ(replies, kMany);
  EXPECT_EQ(service.cache().connections(), 0u);
}

TEST_F(DirectSessionTest, AClientThatNeverReadsItsDescriptorsIsLeft) {
  talk.say(many_lookups());
  pass(kTimeLimit - 1ms);
  EXPECT_FALSE(talk.is_over());
  pass(1ms);
  EXPECT_TRUE(talk.is_over());
  EXPECT_GE(service.cache().held(), kMany - Stream::kMaxUnreadDescriptors);
}

TEST_F(DirectSessionTest, AFoundConnectionWaitsForRoomAndStaysInTheCacheIfThereIsNone) {
  // As many replies as the socket takes, and then one with a descriptor.
  const std::string large(policy.limits.properties, 'x');
  service.save(caller, SaveEndpoint{100s, "big", large}, Fd{::dup(tcp.first.get())}, clock.now());
  Talk slow{*this, narrow_pair()};
  for (int i = 0; i < 3; ++i) slow.say(frame(Kind::statistics, 1));
  slow.say(find_frame(2, "big") + frame(Kind::ping, 3));
  EXPECT_FALSE(slow.is_over());
  std::vector<Reply> replies;
  for (int i = 0; i < 200; ++i) {
    for (Reply& reply : slow.hear()) replies.push_back(std::move(reply));
    settle();
  }
  ASSERT_THAT(replies, SizeIs(5));
  EXPECT_EQ(replies[3].text(Tag::endpoint_properties), large);
  EXPECT_EQ(replies[4].kind, Kind::pong);
  EXPECT_TRUE(is_same_file(slow.take_descriptor(), tcp.first));
}

TEST_F(DirectSessionTest, AClientThatReadsNoRepliesIsServedNoFurtherAndLeft) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += frame(Kind::statistics, 1);
  for (int i = 0; i < 200; ++i) {
    if (!talk.client.send(bytes)) break;
    settle();
  }
  EXPECT_FALSE(talk.is_over());
  pass(kTimeLimit);
  EXPECT_TRUE(talk.is_over());
}

TEST_F(DirectSessionTest, ARequestThatIsNotFinishedInTimeEndsTheSession) {
  talk.say(find_frame(1, "e").substr(0, 30));
  pass(kTimeLimit - 1ms);
  EXPECT_FALSE(talk.is_over());
  pass(1ms);
  EXPECT_TRUE(talk.is_over());
}

TEST_F(DirectSessionTest, BetweenRequestsAClientMayWait) {
  talk.ask(find_frame(1, "e"));
  EXPECT_EQ(talk.idle_count(), talk.busy_count() + 1);
  pass(100 * kTimeLimit);
  EXPECT_EQ(talk.ask(find_frame(2, "e")).id, 2u);
  talk.client.leave();
  settle();
  EXPECT_TRUE(talk.is_over());
}

TEST_F(DirectSessionTest, ItsEndClosesADescriptorWhoseFrameIsNotWhole) {
  talk.say(save_frame(1, "e").substr(0, 30), {tcp.first.get()});
  tcp.first.reset();
  EXPECT_FALSE(is_left_alone(tcp.second));
  talk.client.leave();
  settle();
  EXPECT_TRUE(talk.is_over());
}

TEST_F(DirectSessionTest, AClientThatHangsUpWithDescriptorsUnreadLeavesTheOthers) {
  talk.say(many_lookups());
  ASSERT_EQ(::shutdown(talk.client.descriptor(), SHUT_RDWR), 0);
  settle();
  EXPECT_TRUE(talk.is_over()) << "the next reply cannot be sent";
  EXPECT_GE(service.cache().held(), kMany - Stream::kMaxUnreadDescriptors);
}

}  // namespace
}  // namespace scache::server
