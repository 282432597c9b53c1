// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "faults/direct_requests.hpp"
#include "faults/direct_talk.hpp"
#include "faults/faults.hpp"
#include "support/rooms.hpp"

// The kernel has too many descriptors on their way: a direct client is told, and the connection is
// back in its place.

namespace scache::test {
namespace {

using direct::ErrorCode;
using direct::Kind;
using direct::Tag;
using ::testing::SizeIs;

class Busy : public DescriptorCensus {
 protected:
  Busy() {
    faults = {};
    world_.invite({save_directly("e", "d"), save_directly("e")});
    world_.run();
  }
  ~Busy() override { faults = {}; }

  // The nth descriptor cannot be sent.
  static void fail(std::size_t nth, Lasts lasts) {
    faults = Faults{.fault = {Call::send_descriptor, nth, ETOOMANYREFS, lasts}};
  }
  std::vector<Reply> ask(const std::string& bytes) {
    talk_.say(bytes);
    std::vector<Reply> replies = talk_.hear();
    talk_.take(replies);
    return replies;
  }
  static void is_busy(const Reply& reply, std::uint64_t id) {
    EXPECT_EQ(reply.kind, Kind::error);
    EXPECT_EQ(reply.id, id);
    EXPECT_EQ(reply.code(), ErrorCode::busy);
    EXPECT_FALSE(reply.with_descriptor);
  }
  static void is_found(const Reply& reply, std::uint64_t id, const std::string& properties) {
    EXPECT_EQ(reply.kind, Kind::found);
    EXPECT_EQ(reply.id, id);
    EXPECT_EQ(reply.text(Tag::endpoint_properties), properties);
    EXPECT_EQ(reply.number(Tag::uses), 1U);
  }
  void audit() {
    faults = {};
    talk_.client.leave();
    world_.settle();
    world_.audit();
  }

  World world_;
  DirectTalk talk_{world_};
};

TEST_F(Busy, AClientIsToldAndTheConnectionIsBackInItsPlace) {
  fail(1, Lasts::once);
  std::vector<Reply> replies = ask(find_frame(1, "e") + frame(Kind::ping, 2));
  ASSERT_THAT(replies, SizeIs(2));
  is_busy(replies[0], 1);
  EXPECT_EQ(replies[1].kind, Kind::pong);
  EXPECT_EQ(world_.cache().held(), 2U);
  replies = ask(find_frame(3, "e"));
  ASSERT_THAT(replies, SizeIs(1));
  is_found(replies[0], 3, "p0");
  audit();
}

TEST_F(Busy, SoIsOneThatAskedForADestination) {
  fail(1, Lasts::once);
  std::vector<Reply> replies = ask(find_destination_frame(1, "d") + find_destination_frame(2, "d"));
  ASSERT_THAT(replies, SizeIs(2));
  is_busy(replies[0], 1);
  is_found(replies[1], 2, "p0");
  EXPECT_EQ(replies[1].text(Tag::destination_properties), "of d");
  audit();
}

TEST_F(Busy, OthersOfTheSameBatchAreServed) {
  fail(2, Lasts::once);
  const std::vector<Reply> replies =
      ask(find_frame(1, "e") + find_frame(2, "e") + find_frame(3, "e") + find_frame(4, "e"));
  ASSERT_THAT(replies, SizeIs(4));
  is_found(replies[0], 1, "p0");
  is_busy(replies[1], 2);
  is_found(replies[2], 3, "p1");
  EXPECT_EQ(replies[3].kind, Kind::found);
  EXPECT_FALSE(replies[3].with_descriptor);
  audit();
}

TEST_F(Busy, WhileItLastsEverythingElseIsServed) {
  fail(1, Lasts::from_then_on);
  const std::string lookups = find_frame(1, "e") + find_frame(2, "e");
  std::vector<Reply> replies = ask(lookups + bind_frame(3, "b", "x", {{Tag::ttl, 1'000}}) +
                                   frame(Kind::statistics, 4) + find_frame(5, "nothing"));
  ASSERT_THAT(replies, SizeIs(5));
  is_busy(replies[0], 1);
  is_busy(replies[1], 2);
  EXPECT_EQ(replies[2].kind, Kind::bound);
  EXPECT_EQ(replies[3].kind, Kind::statistics_reply);
  EXPECT_EQ(replies[4].kind, Kind::found);
  faults.lift();
  replies = ask(lookups);
  ASSERT_THAT(replies, SizeIs(2));
  is_found(replies[0], 1, "p0");
  is_found(replies[1], 2, "p1");
  audit();
}

}  // namespace
}  // namespace scache::test
