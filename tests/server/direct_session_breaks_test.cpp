#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/direct_fixture.hpp"
#include "server/direct_session.hpp"

namespace scache {
namespace {

using namespace std::chrono_literals;
using namespace test;
using ::testing::SizeIs;

TEST_F(DirectSessionTest, DescriptorsThatAreNotReadAreLimitedAndNothingIsLost) {
  const std::size_t many = 2 * Stream::kMaxUnreadDescriptors;
  std::string bytes;
  for (std::uint64_t id = 0; id < many; ++id) {
    service.save(SaveEndpoint{10s, "e", "p"}, Fd{::dup(tcp.first.get())}, clock.now());
    bytes += find_frame(id, "e");
  }
  EXPECT_TRUE(talk.client.send(bytes));
  settle();
  EXPECT_EQ(service.cache().connections(), many - Stream::kMaxUnreadDescriptors);
  EXPECT_THAT(talk.hear(), SizeIs(Stream::kMaxUnreadDescriptors));
  talk.client.descriptors().clear();
  settle();
  EXPECT_THAT(talk.hear(), SizeIs(Stream::kMaxUnreadDescriptors));
  EXPECT_EQ(service.cache().connections(), 0u);
  talk.client.descriptors().clear();
}

TEST_F(DirectSessionTest, AClientThatNeverReadsItsDescriptorsIsLeft) {
  std::string bytes;
  for (std::uint64_t id = 0; id <= Stream::kMaxUnreadDescriptors; ++id) {
    service.save(SaveEndpoint{100s, "e", "p"}, Fd{::dup(tcp.first.get())}, clock.now());
    bytes += find_frame(id, "e");
  }
  EXPECT_TRUE(talk.client.send(bytes));
  settle();
  pass(kTimeLimit - 1ms);
  EXPECT_FALSE(talk.is_over());
  pass(1ms);
  EXPECT_TRUE(talk.is_over());
  EXPECT_EQ(service.cache().connections(), 1u);
}

TEST_F(DirectSessionTest, AFoundConnectionWaitsForRoomAndStaysInTheCacheIfThereIsNone) {
  // So many replies as the socket takes, and then one with a descriptor.
  const std::string large(settings.limits.properties, 'x');
  service.save(SaveEndpoint{100s, "big", large}, Fd{::dup(tcp.first.get())}, clock.now());
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

// It can read what it has been sent, but nothing tells the server that it does.
TEST_F(DirectSessionTest, AClientThatHasHungUpAndLeavesItsDescriptorsUnreadIsLookedAtSeldom) {
  std::string bytes;
  for (std::uint64_t id = 0; id <= Stream::kMaxUnreadDescriptors; ++id) {
    service.save(SaveEndpoint{100s, "e", "p"}, Fd{::dup(tcp.first.get())}, clock.now());
    bytes += find_frame(id, "e");
  }
  talk.say(bytes);
  ASSERT_EQ(::shutdown(talk.client.descriptor(), SHUT_RDWR), 0);
  settle();
  EXPECT_THAT(talk.hear(), SizeIs(Stream::kMaxUnreadDescriptors));
  pass(DirectSession::kPause - 1ms);
  EXPECT_FALSE(talk.is_over());
  pass(1ms);
  EXPECT_TRUE(talk.is_over()) << "what is next cannot be sent";
  EXPECT_EQ(service.cache().connections(), 1u);
  talk.client.descriptors().clear();
}

TEST_F(DirectSessionTest, ADropGoesOnWhileItsClientReadsNoDescriptors) {
  std::string bytes;
  for (std::uint64_t id = 0; id <= Stream::kMaxUnreadDescriptors; ++id) {
    service.save(SaveEndpoint{100s, "e", "p"}, Fd{::dup(tcp.first.get())}, clock.now());
    bytes += find_frame(id, "e");
  }
  for (std::size_t i = 0; i < 10 * Drops::kEntriesOfSlice; ++i) {
    service.save(SaveDestination{10s, std::to_string(i), "", "f"}, clock.now());
  }
  talk.say(frame(Kind::drop, 100, {{Tag::prefix, ""}}) + bytes);
  EXPECT_EQ(service.cache().bindings(), 0u);
  EXPECT_THAT(talk.hear(), SizeIs(Stream::kMaxUnreadDescriptors + 1));
  talk.client.descriptors().clear();
}

}  // namespace
}  // namespace scache
