// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "server/direct_fixture.hpp"
#include "support/hand_out_rule.hpp"
#include "support/rooms.hpp"

// Lookups do not find connections whose peer has closed its side or sent something, in either
// protocol.

namespace scache::test {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class DeadConnections : public DirectSessionTest {
 protected:
  void fill(unsigned dead, const std::string& endpoint = "e") {
    for (unsigned i = 0; i < dead; ++i) save_dead(endpoint);
    save(endpoint, "alive", Fd{::dup(tcp.first.get())});
  }
  void save(const std::string& endpoint, const std::string& properties, Fd fd) {
    const SaveEndpoint request{std::chrono::seconds{100}, endpoint, properties};
    const Saved saved = service.save(caller, request, std::move(fd), clock.now());
    EXPECT_TRUE(saved == Saved::yes || saved == Saved::unread);
  }
  // The connection is dead from here on.
  void save_dead(const std::string& endpoint) {
    Ends ends = socket_pair();
    save(endpoint, "dead", std::move(ends.first));
  }
  void bind(const std::string& destination, const std::string& endpoint) {
    const SaveDestination request{std::chrono::seconds{100}, destination, "dp", endpoint};
    EXPECT_EQ(service.save(caller, request, clock.now()), Saved::yes);
  }
  std::uint64_t total_dead() const { return service.totals().dead; }

  Ends tcp = tcp_pair();
  const TalkPtr postfix = connect();
  Talk direct{*this};
};

TEST_F(DeadConnections, AreAMissAndLeave) {
  Ends ends = tcp_pair();
  save("e", "p", Fd{::dup(ends.first.get())});
  save("other", "p", std::move(ends.first));
  ASSERT_TRUE(send_with(ends.second.get(), "421 bye\r\n", {}));
  ends.second.reset();
  EXPECT_EQ(postfix->find("e"), kNoEndpoint);
  EXPECT_FALSE(direct.ask(find_frame(1, "other")).with_descriptor);
  EXPECT_EQ(service.cache().held(), 0U);
  EXPECT_EQ(total_dead(), 2U);
  EXPECT_EQ(service.totals().endpoint_misses, 2U);
}

TEST_F(DeadConnections, GiveWayToTheNextOfTheirEndpoint) {
  fill(1);
  EXPECT_EQ(postfix->find("e"), endpoint_hit("alive"));
  EXPECT_TRUE(is_same_file(postfix->take(), tcp.first));
  fill(1);
  EXPECT_EQ(direct.ask(find_frame(1, "e")).text(Tag::endpoint_properties), "alive");
  EXPECT_TRUE(is_same_file(direct.take_descriptor(), tcp.first));
  EXPECT_EQ(total_dead(), 2U);
  EXPECT_EQ(service.totals().endpoint_hits, 2U);
  EXPECT_EQ(service.totals().endpoint_misses, 0U);
}

TEST_F(DeadConnections, GiveWayToThoseOfTheDestinationsNextEndpoint) {
  for (const bool directly : {false, true}) {
    save_dead("e1");
    save("e2", "alive", Fd{::dup(tcp.first.get())});
    if (!directly) {
      bind("d", "e1");
      bind("d", "e2");
      EXPECT_EQ(postfix->ask(find_dest("d")), destination_hit("dp", "alive"));
      EXPECT_TRUE(postfix->take());
    } else {
      const Reply found = direct.ask(frame(Kind::find, 1, {{Tag::destination, "d"}}));
      EXPECT_EQ(found.text(Tag::endpoint), "e2");
      EXPECT_EQ(found.text(Tag::destination_properties), "dp");
      EXPECT_TRUE(direct.take_descriptor());
    }
  }
}

TEST_F(DeadConnections, OneLookupPassesOverSoMany) {
  fill(Service::kMaxDeadInARow - 1);
  EXPECT_EQ(postfix->find("e"), endpoint_hit("alive"));
  EXPECT_TRUE(postfix->take());
  fill(Service::kMaxDeadInARow);
  EXPECT_EQ(postfix->find("e"), kNoEndpoint);
  EXPECT_TRUE(direct.ask(find_frame(1, "e")).with_descriptor);
  fill(Service::kMaxDeadInARow);
  EXPECT_FALSE(direct.ask(find_frame(2, "e")).with_descriptor);
  EXPECT_TRUE(direct.ask(find_frame(3, "e")).with_descriptor) << "each lookup has its own limit";
}

TEST_F(DeadConnections, AreThoseOnWhichSomethingHasArrived) {
  for (const auto make : {+[] { return tcp_pair(); }, +[] { return socket_pair(); }}) {
    Ends ends = make();
    save("e", "says", Fd{::dup(ends.first.get())});
    save("other", "says", std::move(ends.first));
    ASSERT_TRUE(send_with(ends.second.get(), "421 bye\r\n", {}));
    EXPECT_EQ(postfix->find("e"), kNoEndpoint);
    EXPECT_FALSE(direct.ask(find_frame(1, "other")).with_descriptor);
  }
  EXPECT_EQ(service.cache().held(), 0U);
  EXPECT_EQ(total_dead(), 4U);
}

TEST_F(DeadConnections, InputIsLeftToTheFinderWhereItIsAllowed) {
  service.hand_out(hand_out_of("greets", {.allow_input = true}));
  const Ends greeting = tcp_pair();
  ASSERT_TRUE(send_with(greeting.second.get(), "220 hello\r\n", {}));
  for (const char* const endpoint : {"greets", "other"}) {
    save(endpoint, "p", Fd{::dup(greeting.first.get())});
  }
  EXPECT_EQ(postfix->find("greets"), endpoint_hit("p"));
  EXPECT_EQ(receive_with(postfix->take().get()).bytes, "220 hello\r\n");
  ASSERT_TRUE(send_with(greeting.second.get(), "220 hello\r\n", {}));
  EXPECT_EQ(postfix->find("other"), kNoEndpoint);
  save("greets", "p", Fd{::dup(greeting.first.get())});
  ::shutdown(greeting.second.get(), SHUT_WR);
  EXPECT_EQ(postfix->find("greets"), kNoEndpoint) << "input is allowed, an end is not";
}

TEST_F(DeadConnections, AreRemovedUnlessTheirInputIsAllowed) {
  save("e", "p", std::move(socket_pair().first));
  const Position place = service.last_place();
  service.hand_out(hand_out_of("e", {.allow_input = true}));
  EXPECT_FALSE(service.remove(place, Sign::input));
  EXPECT_EQ(service.cache().held(), 1U);
  EXPECT_TRUE(service.remove(place, Sign::end));
  EXPECT_EQ(service.cache().held(), 0U);
  save("other", "p", std::move(socket_pair().first));
  EXPECT_TRUE(service.remove(service.last_place(), Sign::input));
  EXPECT_EQ(service.cache().held(), 0U);
  EXPECT_EQ(total_dead(), 2U);
  EXPECT_TRUE(service.may_remove());
}

TEST_F(DeadConnections, AreNotThoseWhoseInputWasThereAtTheSave) {
  const Ends ends = tcp_pair();
  ASSERT_TRUE(send_with(ends.second.get(), "220 hello\r\n", {}));
  const auto save_as = [&](const std::string& endpoint, Fd fd) {
    return service.save(caller, SaveEndpoint{std::chrono::seconds{100}, endpoint, "p"},
                        std::move(fd), clock.now());
  };
  EXPECT_EQ(save_as("e", Fd{::dup(ends.first.get())}), Saved::unread);
  EXPECT_FALSE(service.remove(service.last_place(), Sign::input));
  EXPECT_EQ(service.cache().held(), 1U);
  EXPECT_EQ(postfix->find("e"), kNoEndpoint) << "a lookup does not return it";
  EXPECT_EQ(service.cache().held(), 0U);

  direct.ask(save_frame(1, "e"), {ends.first.get()});
  EXPECT_THAT(log.take(),
              ElementsAre("warning: direct: scache socket: endpoint=e: saved with unread "
                          "input"));
  service.hand_out(hand_out_of("greets", {.allow_input = true}));
  EXPECT_EQ(save_as("greets", Fd{::dup(ends.first.get())}), Saved::yes);
  EXPECT_EQ(save_as("e", std::move(socket_pair().first)), Saved::yes)
      << "it is over, without input";
  EXPECT_TRUE(service.remove(service.last_place(), Sign::end));
}

TEST_F(DeadConnections, AreNotThoseWhoseSaveAllowsInput) {
  const Ends ends = tcp_pair();
  ASSERT_TRUE(send_with(ends.second.get(), "220 hello\r\n", {}));
  direct.ask(save_frame(1, "e", {{Tag::allow_input, 1}}), {ends.first.get()});
  EXPECT_THAT(log.take(), SizeIs(0));
  EXPECT_FALSE(service.remove(service.last_place(), Sign::input));
  EXPECT_TRUE(direct.ask(find_frame(2, "e")).with_descriptor);
  direct.ask(save_frame(3, "e"), {ends.first.get()});
  EXPECT_FALSE(direct.ask(find_frame(4, "e")).with_descriptor) << "each save says it";
}

TEST_F(DeadConnections, APipesOtherEndIsNotAsked) {
  save("e", "pipe", pipe_pair().first);
  EXPECT_EQ(postfix->find("e"), endpoint_hit("pipe"));
  EXPECT_TRUE(postfix->take());
  save("e", "pipe", pipe_pair().first);
  EXPECT_TRUE(direct.ask(find_frame(1, "e")).with_descriptor);
}

TEST_F(DeadConnections, RequestsThatWereSentAheadAreAnsweredInOrder) {
  fill(1);
  std::string ahead = find_frame(1, "e") + find_frame(2, "e") + frame(Kind::ping, 3);
  direct.say(ahead);
  const std::vector<Reply> replies = direct.hear();
  ASSERT_THAT(replies, SizeIs(3));
  EXPECT_TRUE(replies[0].with_descriptor);
  EXPECT_FALSE(replies[1].with_descriptor);
  EXPECT_THAT((std::vector{replies[0].id, replies[1].id, replies[2].id}), ElementsAre(1, 2, 3));
}

TEST_F(DeadConnections, ADescriptorThatComesWithALookupEndsTheStreamAfterItsReply) {
  fill(0);
  direct.say(find_frame(1, "e"), {tcp.first.get()});
  EXPECT_TRUE(direct.is_over());
  const std::vector<Reply> replies = direct.hear();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_TRUE(replies[0].with_descriptor);
  EXPECT_THAT(log.take(),
              ElementsAre(::testing::HasSubstr("a descriptor arrived without its frame")));
}

}  // namespace
}  // namespace scache::test
