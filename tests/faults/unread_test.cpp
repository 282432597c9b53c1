// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "faults/direct_requests.hpp"
#include "faults/direct_talk.hpp"
#include "faults/faults.hpp"
#include "faults/postfix_requests.hpp"
#include "support/rooms.hpp"

// Large replies of the direct protocol that nobody reads: the last one that the client's stream has
// taken is cut short, and what comes next waits. What is not given stays in the cache.

namespace scache::test {
namespace {

using direct::Kind;
using direct::Tag;
using ::testing::SizeIs;

// Fewer than a client may leave unread.
constexpr std::size_t kConnections = 14;
constexpr std::size_t kProperties = 50'000;
static_assert(kConnections < Stream::kMaxUnreadDescriptors);

void fill(World& world) {
  constexpr std::chrono::seconds kTtl{100};
  world.invite({kConnections, save_directly("e", {}, kTtl, kProperties)});
  world.run();
  EXPECT_EQ(world.cache().held(), kConnections);
}
std::string lookups_of_all() {
  std::string lookups;
  for (std::size_t id = 0; id < kConnections; ++id) lookups += find_frame(id, "e");
  return lookups;
}

class Unread : public DescriptorCensus {
 protected:
  Unread() { fill(world_); }
  ~Unread() override { faults = {}; }

  // Asks for all connections, and reads nothing.
  void ask_for_all() {
    talk_.say(lookups_of_all());
    given_ = kConnections - world_.cache().held();
    EXPECT_GE(given_, 1U);
    EXPECT_LT(given_, kConnections);
  }
  // Asks for so many pages, each the first, and reads nothing.
  void ask_for_pages(std::size_t count) {
    std::string requests;
    for (std::size_t id = 0; id < count; ++id) {
      requests += frame(Kind::list, id, {{Tag::prefix, "e"}});
    }
    talk_.say(requests);
  }
  // What was given is gone with the client; the first of the others is found first.
  void check_what_is_left() {
    EXPECT_EQ(world_.server().clients(), 0U);
    EXPECT_EQ(world_.cache().held(), kConnections - given_);
    for (std::size_t i = 0; i < given_; ++i) world_.ledger.at(i).state = Saved::State::taken;
    leaves();
    {
      DirectTalk other{world_};
      other.say(find_frame(1, "e"));
      const std::vector<Reply> replies = other.hear();
      ASSERT_THAT(replies, SizeIs(1));
      EXPECT_TRUE(replies[0].text(Tag::endpoint_properties) == world_.ledger.at(given_).properties);
      other.take(replies);
    }
    world_.settle();
    world_.audit();
  }
  void somebody_else_is_served() {
    DirectTalk other{world_};
    other.say(find_frame(1, "nothing"));
    EXPECT_THAT(other.hear(), SizeIs(1));
  }
  void reads_all_connections() {
    const std::vector<Reply> replies = talk_.hear();
    ASSERT_THAT(replies, SizeIs(kConnections));
    for (std::size_t id = 0; id < kConnections; ++id) {
      EXPECT_EQ(replies[id].id, id);
      EXPECT_TRUE(replies[id].text(Tag::endpoint_properties) == world_.ledger.at(id).properties);
    }
    talk_.take(replies);
  }
  void reads_all_pages(std::size_t count) {
    const std::vector<Reply> pages = talk_.hear();
    ASSERT_THAT(pages, SizeIs(count));
    for (std::size_t id = 0; id < count; ++id) {
      EXPECT_EQ(pages[id].id, id);
      EXPECT_TRUE(pages[id].body == pages[0].body);
    }
    EXPECT_GT(pages[0].body.size(), kProperties);
  }
  void leaves() {
    talk_.client.leave();
    world_.settle();
  }

  // Before the world: faults may be left of the test before.
  struct NoFaults {
    NoFaults() { faults = {}; }
  } no_faults_;
  World world_;
  DirectTalk talk_{world_};
  std::size_t given_ = 0;
};

TEST_F(Unread, ConnectionsThatAClientHasNotReadGoWithItAndTheOthersStay) {
  ask_for_all();
  somebody_else_is_served();
  leaves();
  check_what_is_left();
}

TEST_F(Unread, AClientThatStallsLeavesWhatWasNotGiven) {
  ask_for_all();
  world_.pass(World::kTimeLimit - World::kStep);
  EXPECT_EQ(world_.server().clients(), 1U);
  world_.pass(World::kStep);
  check_what_is_left();
}

TEST_F(Unread, AClientThatReadsByteByByteLeavesWhatWasNotGiven) {
  ask_for_all();
  for (Duration passed{}; passed < World::kTimeLimit; passed += World::kStep) {
    EXPECT_EQ(world_.server().clients(), 1U);
    EXPECT_EQ(receive_with(talk_.client.descriptor(), 1).size, 1);
    world_.pass(World::kStep);
  }
  check_what_is_left();
}

// It is noticed when the server speaks again, or when the time is over.
TEST_F(Unread, AClientThatGoesDeafLeavesWhatWasNotGiven) {
  ask_for_all();
  ::shutdown(talk_.client.descriptor(), SHUT_RD);
  world_.pass(World::kTimeLimit);
  check_what_is_left();
}

TEST_F(Unread, AClientThatWillSendNoMoreIsAnsweredAllTheSame) {
  ask_for_all();
  ::shutdown(talk_.client.descriptor(), SHUT_WR);
  world_.settle();
  reads_all_connections();
  EXPECT_TRUE(talk_.client.sees_end());
  leaves();
  world_.audit();
}

TEST_F(Unread, AClientThatReadsAtLastHasEverythingInOrder) {
  ask_for_all();
  world_.pass(World::kTimeLimit - World::kStep);
  reads_all_connections();
  leaves();
  world_.audit();
}

TEST_F(Unread, WhereSendingFailsInBetweenTheRestStays) {
  ask_for_all();
  faults = Faults{.fault = {Call::send, 1, ENOBUFS, Lasts::once}};
  // Room for something.
  talk_.client.read();
  talk_.client.descriptors().clear();
  world_.settle();
  EXPECT_EQ(faults.failed, 1U);
  check_what_is_left();
}

class UnreadWithoutMemory : public DescriptorCensus {};

// Memory runs out at each piece that is asked for: what a client has been given has left the cache.
TEST_F(UnreadWithoutMemory, NothingIsGivenTwice) {
  bool failed = true;
  for (std::size_t nth = 1; failed; ++nth) {
    SCOPED_TRACE(nth);
    faults = {};
    World world;
    fill(world);
    DirectTalk talk{world};
    faults = Faults{.fault = {Call::allocate, nth, ENOMEM, Lasts::once}};
    talk.say(lookups_of_all());
    failed = faults.failed > 0;
    talk.hear();
    faults = {};
    EXPECT_EQ(talk.client.descriptors().size(), kConnections - world.cache().held());
    if (::testing::Test::HasFailure()) return;
  }
}

TEST_F(Unread, PagesAreCutShortAndGoOnWhereTheyWere) {
  constexpr std::size_t kPages = 20;
  ask_for_pages(kPages);
  somebody_else_is_served();
  reads_all_pages(kPages);
  leaves();
  world_.audit();
}

TEST_F(Unread, PagesGoOnByteByByte) {
  faults.weather = Weather::trickling;
  ask_for_pages(1);
  reads_all_pages(1);
  leaves();
  faults = {};
  world_.audit();
}

TEST_F(Unread, PagesGoWithTheirClient) {
  ask_for_pages(20);
  leaves();
  EXPECT_EQ(world_.server().clients(), 0U);
  world_.audit();
}

TEST_F(Unread, PagesAreNotKeptForEver) {
  ask_for_pages(20);
  world_.pass(World::kTimeLimit);
  EXPECT_EQ(world_.server().clients(), 0U);
  leaves();
  world_.audit();
}

}  // namespace
}  // namespace scache::test
