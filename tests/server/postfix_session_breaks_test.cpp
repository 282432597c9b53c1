// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "server/postfix_session.hpp"
#include "server/session_fixture.hpp"

// Clients that disconnect or stall within an exchange, and the connections involved.

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PostfixSessionBreaksTest : public SessionTest {
 protected:
  PostfixSessionBreaksTest() {
    talk = connect();
    talk->save("e", "p", tcp.first);
    statistics_lines();
  }
  // The counters of the lookups since then.
  Lines counted() {
    Lines lines = statistics_lines();
    if (!lines.empty()) lines.erase(lines.begin());
    return lines;
  }

  Ends tcp = tcp_pair();
  TalkPtr talk;
};

const std::string kCannotReceive =
    "warning: scache_save_endp_service: unable to receive file descriptor: ";
const std::string kCannotSend = "warning: scache_find_endp_service: cannot send file descriptor: ";
const std::string kBadFind = "warning: scache_find_endp_service: bad or missing request parameter";
const std::string kEndInName =
    "warning: unexpected end-of-input from scache socket while reading input attribute name";
const std::string kEndInValue =
    "warning: unexpected end-of-input from scache socket while reading input attribute value";

TEST_F(PostfixSessionBreaksTest, GoesBetweenRequestsWithoutAWord) {
  talk->leave();
  EXPECT_TRUE(talk->is_over());
  EXPECT_THAT(log.take(), IsEmpty());
  EXPECT_TRUE(is_cached("e"));
}

TEST_F(PostfixSessionBreaksTest, GoesWithinARequest) {
  talk->say("request");
  talk->leave();
  EXPECT_TRUE(talk->is_over());
  EXPECT_THAT(log.take(), ElementsAre(kEndInName));
}

TEST_F(PostfixSessionBreaksTest, GoesWithinAKnownRequest) {
  talk->say(strings({"request", "find_endp"}) + "lab");
  talk->leave();
  EXPECT_TRUE(talk->is_over());
  EXPECT_THAT(log.take(), ElementsAre(kEndInName, kBadFind));
}

// Other bytes may be at that address by then.
TEST_F(PostfixSessionBreaksTest, GoesWithinARequestThatFillsTheInbox) {
  for (const std::size_t size : {4'095u, 4'096u, 4'097u, 8'192u}) {
    talk = connect();
    const std::string begin = strings({"request", "find_endp", "label"});
    talk->say(begin + endless(size - begin.size()));
    talk->leave();
    EXPECT_TRUE(talk->is_over());
    EXPECT_THAT(log.take(), ElementsAre(kEndInValue, kBadFind)) << size;
  }
}

TEST_F(PostfixSessionBreaksTest, GoesBeforeTheDescriptor) {
  EXPECT_EQ(talk->ask(save_endp("f", "p")), kDummy);
  talk->leave();
  EXPECT_TRUE(talk->is_over());
  EXPECT_FALSE(is_cached("f"));
  EXPECT_THAT(log.take(), ElementsAre(kCannotReceive + "Application error"));
}

TEST_F(PostfixSessionBreaksTest, GoesBeforeItReadsThatItsDescriptorIsDue) {
  ASSERT_TRUE(talk->client.send(save_endp("f", "p")));
  talk->leave();
  EXPECT_TRUE(talk->is_over());
  EXPECT_FALSE(is_cached("f"));
  EXPECT_THAT(log.take(), ElementsAre(kCannotReceive + "Broken pipe"));
}

TEST_F(PostfixSessionBreaksTest, GoesBeforeItCanBeToldThatItsConnectionIsSaved) {
  EXPECT_EQ(talk->ask(save_endp("f", "p")), kDummy);
  ASSERT_TRUE(talk->client.send(kByte, {tcp.first.get()}));
  talk->leave();
  EXPECT_TRUE(talk->is_over());
  EXPECT_FALSE(is_cached("f"));
  EXPECT_THAT(log.take(), IsEmpty());
}

TEST_F(PostfixSessionBreaksTest, WhatItWasToldOfStaysWhateverItLeavesUnreadThen) {
  talk->save("f", "p", tcp.first);
  ASSERT_TRUE(talk->client.send(save_endp("g", "p")));
  talk->leave();
  EXPECT_TRUE(talk->is_over());
  EXPECT_TRUE(is_cached("f"));
}

TEST_F(PostfixSessionBreaksTest, GoesBeforeItReadsItsHit) {
  ASSERT_TRUE(talk->client.send(find_endp("e")));
  talk->leave();
  EXPECT_TRUE(talk->is_over());
  EXPECT_TRUE(is_cached("e"));
  EXPECT_THAT(counted(), IsEmpty());
  EXPECT_THAT(log.take(), ElementsAre(kCannotSend + "Broken pipe"));
}

TEST_F(PostfixSessionBreaksTest, GoesBeforeItsFirstDummy) {
  EXPECT_EQ(talk->find("e"), endpoint_hit("p"));
  talk->leave();
  EXPECT_TRUE(talk->is_over());
  EXPECT_TRUE(is_cached("e"));
  EXPECT_THAT(counted(), IsEmpty());
  EXPECT_THAT(log.take(), ElementsAre(kCannotSend + "Application error"));
}

TEST_F(PostfixSessionBreaksTest, GoesWithinItsFirstDummy) {
  EXPECT_EQ(talk->find("e"), endpoint_hit("p"));
  talk->say(kDummy.substr(0, 3));
  talk->leave();
  EXPECT_TRUE(is_cached("e"));
  EXPECT_THAT(log.take(), ElementsAre(kEndInName, kCannotSend + "Application error"));
}

TEST_F(PostfixSessionBreaksTest, GoesBeforeTheDescriptorCouldBeSent) {
  EXPECT_EQ(talk->find("e"), endpoint_hit("p"));
  ASSERT_TRUE(talk->client.send(kDummy));
  talk->leave();
  EXPECT_TRUE(talk->is_over());
  EXPECT_TRUE(is_cached("e"));
  EXPECT_THAT(counted(), IsEmpty());
  EXPECT_THAT(log.take(), ElementsAre(kCannotSend + "Broken pipe"));
}

TEST_F(PostfixSessionBreaksTest, GoesWithoutReadingItsDescriptor) {
  EXPECT_EQ(talk->find("e"), endpoint_hit("p"));
  talk->say(kDummy);
  talk->leave();
  EXPECT_TRUE(talk->is_over());
  EXPECT_FALSE(is_cached("e"));
  EXPECT_THAT(counted(), ElementsAre("statistics: address lookup hits=1 miss=1 success=50%"));
  EXPECT_THAT(log.take(), ElementsAre(kCannotSend + "Connection reset by peer"));
}

TEST_F(PostfixSessionBreaksTest, GoesBeforeItsLastDummy) {
  EXPECT_EQ(talk->find("e"), endpoint_hit("p"));
  EXPECT_EQ(talk->ask(kDummy), kByte);
  talk->leave();
  EXPECT_TRUE(talk->is_over());
  EXPECT_FALSE(is_cached("e"));
  EXPECT_THAT(log.take(), ElementsAre(kCannotSend + "Application error"));
}

TEST_F(PostfixSessionBreaksTest, GoesWithMissesUnread) {
  ASSERT_TRUE(talk->client.send(find_endp("x") + find_endp("y")));
  talk->leave();
  EXPECT_TRUE(talk->is_over());
  EXPECT_THAT(log.take(), IsEmpty());
}

TEST_F(PostfixSessionBreaksTest, AConnectionThatComesBackAfterItsTimeIsNotFound) {
  const Ends other = tcp_pair();
  talk->save("short", "p", other.first, "5");
  EXPECT_EQ(talk->find("short"), endpoint_hit("p"));
  pass(6s);
  talk->leave();
  EXPECT_FALSE(is_cached("short"));
}

TEST_F(PostfixSessionBreaksTest, ASessionThatIsEndedPutsItsConnectionBack) {
  EXPECT_EQ(talk->find("e"), endpoint_hit("p"));
  talk.reset();
  EXPECT_TRUE(is_cached("e"));
}

TEST_F(PostfixSessionBreaksTest, AConnectionThatComesBackKeepsItsPlace) {
  const Ends second = tcp_pair();
  const TalkPtr other = connect();
  other->save("e", "second", second.first);
  EXPECT_EQ(talk->find("e"), endpoint_hit("p"));
  talk.reset();
  EXPECT_EQ(other->find("e"), endpoint_hit("p"));
}

// Clients that stall.

TEST_F(PostfixSessionBreaksTest, AnIdleClientMayWaitForEver) {
  for (int i = 0; i < 10; ++i) pass(24h * 365);
  EXPECT_FALSE(talk->is_over());
  EXPECT_EQ(talk->find("x"), kNoEndpoint);
  EXPECT_THAT(log.take(), IsEmpty());
}

TEST_F(PostfixSessionBreaksTest, ARequestHasItsTimeFromItsFirstByte) {
  pass(100h);
  talk->say("r");
  pass(kTimeLimit - 1ns);
  EXPECT_FALSE(talk->is_over());
  pass(1ns);
  EXPECT_TRUE(talk->is_over());
  EXPECT_THAT(log.take(), ElementsAre(kEndInName));
}

TEST_F(PostfixSessionBreaksTest, OneMoreByteDoesNotGiveMoreTime) {
  const std::string request = find_endp("x");
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_FALSE(talk->is_over());
    talk->say(request.substr(i, 1));
    pass(kTimeLimit / 10);
  }
  EXPECT_TRUE(talk->is_over());
}

TEST_F(PostfixSessionBreaksTest, SilenceBetweenStringsIsATimeout) {
  talk->say(strings({"request", "find_endp", "label", "x"}));
  pass(kTimeLimit);
  EXPECT_TRUE(talk->is_over());
  EXPECT_EQ(talk->hear(), "");
  EXPECT_THAT(log.take(),
              ElementsAre("warning: timeout on scache socket while reading input attribute name",
                          kBadFind));
}

TEST_F(PostfixSessionBreaksTest, TheTimeCoversTheWaitForTheDescriptor) {
  const std::string request = save_endp("f", "p");
  talk->say(request.substr(0, 5));
  pass(kTimeLimit / 2);
  EXPECT_EQ(talk->ask(request.substr(5)), kDummy);
  pass(kTimeLimit / 2 - 1ns);
  EXPECT_FALSE(talk->is_over());
  pass(1ns);
  EXPECT_TRUE(talk->is_over());
  EXPECT_EQ(talk->hear(), kFailed);
  EXPECT_THAT(log.take(), ElementsAre(kCannotReceive + "Connection timed out"));
}

TEST_F(PostfixSessionBreaksTest, TheTimeCoversBothDummies) {
  EXPECT_EQ(talk->find("e"), endpoint_hit("p"));
  pass(kTimeLimit);
  EXPECT_TRUE(talk->is_over());
  EXPECT_TRUE(is_cached("e"));
  EXPECT_THAT(log.take(), ElementsAre(kCannotSend + "Connection timed out"));

  talk = connect();
  EXPECT_EQ(talk->find("e"), endpoint_hit("p"));
  pass(kTimeLimit - 1s);
  EXPECT_EQ(talk->ask(kDummy), kByte);
  pass(1s);
  EXPECT_TRUE(talk->is_over());
  EXPECT_FALSE(is_cached("e"));
  EXPECT_THAT(log.take(), ElementsAre(kCannotSend + "Connection timed out"));
}

TEST_F(PostfixSessionBreaksTest, EveryRequestHasTheWholeTime) {
  for (int i = 0; i < 5; ++i) {
    talk->say(find_endp("x").substr(0, 5));
    pass(kTimeLimit - 1s);
    EXPECT_EQ(talk->ask(find_endp("x").substr(5)), kNoEndpoint);
  }
}

TEST_F(PostfixSessionBreaksTest, ARequestThatCameWithTheLastOneHasTheWholeTime) {
  talk->say(find_endp("x").substr(0, 5));
  pass(kTimeLimit - 1s);
  EXPECT_EQ(talk->ask(find_endp("x").substr(5) + "request"), kNoEndpoint);
  pass(kTimeLimit - 1ns);
  EXPECT_FALSE(talk->is_over());
  pass(1ns);
  EXPECT_TRUE(talk->is_over());
}

TEST_F(PostfixSessionBreaksTest, AClientThatReadsNoReplyEndsAfterItsTime) {
  std::string requests;
  while (requests.size() < 100'000) requests += find_endp("x");
  std::size_t sent = 0;
  while (talk->client.send(requests)) {
    settle();
    ASSERT_LT(sent += requests.size(), 100'000'000u) << "the server does not stop receiving";
  }
  settle();
  EXPECT_FALSE(talk->is_over());
  const TalkPtr other = connect();
  EXPECT_EQ(other->find("e"), endpoint_hit("p"));
  EXPECT_TRUE(other->take());
  pass(kTimeLimit);
  EXPECT_TRUE(talk->is_over());
  EXPECT_FALSE(other->is_over());
}

// Unread replies fill the stream. With one of these numbers of replies there is room for the hit,
// but not for the descriptor.
TEST_F(PostfixSessionBreaksTest, AConnectionThatHasNoRoomInTimeComesBack) {
  bool seen = false;
  for (int unread = 0; unread < 50 && !seen; ++unread) {
    if (!is_cached("e")) connect()->save("e", "p", tcp.first);
    Ends ends = socket_pair();
    const int smallest = 0;
    ::setsockopt(ends.first.get(), SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest);
    Talk narrow{*this, std::move(ends)};
    for (int i = 0; i < unread; ++i) narrow.say(find_endp("x"));
    narrow.say(find_endp("e") + kDummy);
    pass(kTimeLimit);
    EXPECT_TRUE(narrow.is_over());
    narrow.hear();
    const bool sent = !narrow.client.descriptors().empty();
    EXPECT_EQ(is_cached("e"), !sent) << unread;
    seen = !sent && log.take() == Lines{kCannotSend + "Connection timed out"};
    log.take();
  }
  EXPECT_TRUE(seen);
}

TEST_F(PostfixSessionBreaksTest, AClientThatReadsItsRepliesLateHasThemAll) {
  std::string requests;
  std::string replies;
  for (int i = 0; i < 1'000; ++i) {
    requests += find_endp("x");
    replies += kNoEndpoint;
  }
  std::string all;
  for (int i = 0; i < 5; ++i) {
    talk->say(requests);
    all += replies;
  }
  EXPECT_TRUE(talk->hear_all() == all);
}

}  // namespace
}  // namespace scache::server
