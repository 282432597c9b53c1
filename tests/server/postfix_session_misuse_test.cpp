// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <chrono>
#include <string>
#include <vector>

#include "server/postfix_session.hpp"
#include "server/session_fixture.hpp"
#include "support/hanging_close.hpp"

// Clients that send invalid, oversized or early messages.

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PostfixSessionMisuseTest : public SessionTest {
 protected:
  Ends tcp = tcp_pair();
  TalkPtr talk = connect();
};

std::string unexpected(const std::string& name, const std::string& expected = "request") {
  return "warning: unexpected attribute " + name + " from scache socket (expecting: " + expected +
         ")";
}
const std::string kMissing = "warning: missing attribute request in input from scache socket";
const std::string kNotReceived =
    "warning: scache_save_endp_service: unable to receive file descriptor: Application error";
const std::string kNotSent =
    "warning: scache_find_endp_service: cannot send file descriptor: Application error";

TEST_F(PostfixSessionMisuseTest, BadRequestsAreRefusedAndTheNextIsServed) {
  EXPECT_EQ(talk->ask(list({"request", "frob"})), kBad);
  EXPECT_EQ(talk->ask(list({"request", "find_endp"})), list({"status", "1", "property", ""}));
  EXPECT_EQ(talk->ask(save_dest("d", "p", "e", "0")), kBad);
  EXPECT_EQ(talk->ask(save_endp("e", "p", "5x")), kBad);
  EXPECT_EQ(talk->find("e"), kNoEndpoint);
  EXPECT_THAT(
      log.take(),
      ElementsAre("warning: unrecognized request: \"frob\", ignored",
                  "warning: missing attribute label in input from scache socket",
                  "warning: scache_find_endp_service: bad or missing request parameter",
                  "warning: scache_save_dest_service: bad or missing request parameter",
                  "warning: malformed numerical data from scache socket while reading input "
                  "attribute value: 5x",
                  "warning: scache_save_endp_service: bad or missing request parameter"));
}

TEST_F(PostfixSessionMisuseTest, AListWithoutARequestHasNoReply) {
  EXPECT_EQ(talk->ask("\0"s), "");
  EXPECT_THAT(log.take(), ElementsAre(kMissing));
  EXPECT_EQ(talk->ask(list({"label", "x"})), "");
  EXPECT_THAT(log.take(), ElementsAre(unexpected("label"), unexpected("x"), kMissing));
  EXPECT_EQ(talk->find("e"), kNoEndpoint);
}

TEST_F(PostfixSessionMisuseTest, AttributesBeforeARequestArePassedOver) {
  EXPECT_EQ(talk->ask(list({"foo", "bar", "request", "find_endp", "label", "x"})), kNoEndpoint);
  EXPECT_THAT(log.take(), ElementsAre(unexpected("foo"), unexpected("bar")));
}

TEST_F(PostfixSessionMisuseTest, BytesWithoutAnEndWaitUntilTheTimeLimit) {
  talk->say("hello\r\n");
  EXPECT_EQ(talk->ask("version=1\n\n"), "");
  EXPECT_FALSE(talk->is_over());
  pass(kTimeLimit);
  EXPECT_TRUE(talk->is_over());
  EXPECT_THAT(log.take(), ElementsAre("warning: unexpected end-of-input from scache socket while "
                                      "reading input attribute name"));
}

TEST_F(PostfixSessionMisuseTest, ARequestOfTheLimitIsServedAndAByteMoreEndsTheSession) {
  policy.limits.list = 1'000;
  for (const std::size_t surplus : {0u, 1u}) {
    talk = connect();
    const std::string request = find_endp("x");
    const std::string name = endless(1'000 - request.size() + 1 + surplus);
    EXPECT_EQ(talk->ask(find_endp(name)), surplus == 0 ? kNoEndpoint : "");
    EXPECT_EQ(talk->is_over(), surplus == 1);
  }
  EXPECT_THAT(log.take(),
              ElementsAre("warning: a request from scache socket is longer than 1000 bytes"));
}

TEST_F(PostfixSessionMisuseTest, TenMegabytesWithoutAnEndAreNotKept) {
  const std::string piece = endless(64 * 1'024);
  int pieces = 0;
  while (!talk->is_over() && pieces < 160) {
    talk->client.send(piece);
    settle();
    ++pieces;
  }
  EXPECT_TRUE(talk->is_over());
  EXPECT_LE(pieces, 6);
}

TEST_F(PostfixSessionMisuseTest, WhatWasAskedBeforeNonsenseIsAnswered) {
  EXPECT_EQ(talk->ask(find_endp("x") + std::string(1'000, '\0')), kNoEndpoint);
  EXPECT_TRUE(talk->is_over());
}

TEST_F(PostfixSessionMisuseTest, StrayNamesUpToTheirLimitAreForgiven) {
  std::string names;
  for (unsigned i = 1; i < PostfixReader::kMaxUnexpectedNames; ++i) names += strings({"x"});
  EXPECT_EQ(talk->ask(names + find_endp("e")), kNoEndpoint);
  EXPECT_EQ(log.take().size(), PostfixReader::kMaxUnexpectedNames - 1);
  // A request in between resets the count.
  EXPECT_EQ(talk->ask(names + find_endp("e")), kNoEndpoint);
  EXPECT_FALSE(talk->is_over());
}

TEST_F(PostfixSessionMisuseTest, StrayNamesBeyondTheirLimitEndTheSession) {
  log.take();
  for (unsigned i = 0; i < PostfixReader::kMaxUnexpectedNames; ++i) {
    ASSERT_FALSE(talk->is_over());
    talk->say(i % 2 == 0 ? strings({"x"}) : "\0"s);
  }
  EXPECT_TRUE(talk->is_over());
  EXPECT_EQ(log.take().back(),
            "warning: 300 consecutive attributes from scache socket without a request");
}

TEST_F(PostfixSessionMisuseTest, SomethingElseInTheFirstDummysPlaceKeepsTheConnection) {
  talk->save("e", "p", tcp.first);
  EXPECT_EQ(talk->find("e"), endpoint_hit("p"));
  EXPECT_EQ(talk->ask(find_endp("zz")), "");
  EXPECT_THAT(log.take(),
              ElementsAre(unexpected("request", "dummy"), kNotSent, unexpected("find_endp"),
                          unexpected("label"), unexpected("zz"), kMissing));
  EXPECT_FALSE(talk->is_over());
  EXPECT_TRUE(is_cached("e"));
  EXPECT_EQ(talk->find("x"), kNoEndpoint);
}

TEST_F(PostfixSessionMisuseTest, AnEmptyListInADummysPlace) {
  talk->save("e", "p", tcp.first);
  EXPECT_EQ(talk->find("e"), endpoint_hit("p"));
  EXPECT_EQ(talk->ask("\0"s), "");
  EXPECT_THAT(
      log.take(),
      ElementsAre("warning: missing attribute dummy in input from scache socket", kNotSent));
  EXPECT_EQ(talk->find("e"), endpoint_hit("p"));
  EXPECT_EQ(talk->ask(kDummy), kByte);
  EXPECT_EQ(talk->ask("\0"s), "");
  EXPECT_EQ(log.take().size(), 2u);
  EXPECT_FALSE(is_cached("e"));
  EXPECT_EQ(talk->find("x"), kNoEndpoint);
}

// Descriptors.

TEST_F(PostfixSessionMisuseTest, WhatIsNoConnectionIsRefused) {
  const Fd file{::eventfd(0, EFD_CLOEXEC)};
  EXPECT_EQ(talk->ask(save_endp("e", "p")), kDummy);
  EXPECT_EQ(talk->ask(kByte, {file.get()}), kFailed);
  EXPECT_FALSE(is_cached("e"));
  EXPECT_THAT(log.take(),
              ElementsAre("warning: scache_save_endp_service: not saved: the descriptor "
                          "is neither a connected stream socket nor a pipe"));
}

// Like the stock server, a save does not examine whether the connection is over.
TEST_F(PostfixSessionMisuseTest, WhatIsClosedIsTakenButNotKept) {
  const std::size_t before = open_descriptors();
  Ends gone = tcp_pair();
  gone.second.reset();
  talk->save("e", "p", gone.first);
  gone.first.reset();
  EXPECT_FALSE(is_cached("e"));
  EXPECT_TRUE(comes_to(before));
}

TEST_F(PostfixSessionMisuseTest, AByteWithoutADescriptorIsRefused) {
  EXPECT_EQ(talk->ask(save_endp("e", "p")), kDummy);
  EXPECT_EQ(talk->ask(kByte), kFailed);
  EXPECT_THAT(log.take(), ElementsAre(kNotReceived));
  EXPECT_EQ(talk->find("e"), kNoEndpoint);
}

TEST_F(PostfixSessionMisuseTest, TextInTheDescriptorsPlaceIsReadOneByteAtATime) {
  EXPECT_EQ(talk->ask(save_endp("e", "p")), kDummy);
  EXPECT_EQ(talk->ask("hello"), kFailed);
  EXPECT_EQ(talk->ask(find_endp("L")), "");
  EXPECT_THAT(log.take(),
              ElementsAre(kNotReceived, unexpected("ellorequest"), unexpected("find_endp"),
                          unexpected("label"), unexpected("L"), kMissing));
}

TEST_F(PostfixSessionMisuseTest, SeveralDescriptorsInOneMessageAreRefusedAndClosed) {
  for (const std::size_t count : {2u, 3u, 253u}) {
    const std::size_t before = open_descriptors();
    EXPECT_EQ(talk->ask(save_endp("e", "p")), kDummy);
    EXPECT_EQ(talk->ask(kByte, std::vector<int>(count, tcp.first.get())), kFailed);
    EXPECT_THAT(log.take(), ElementsAre(kNotReceived));
    EXPECT_TRUE(comes_to(before));
  }
  EXPECT_EQ(talk->find("e"), kNoEndpoint);
}

TEST_F(PostfixSessionMisuseTest, DescriptorsNobodyAskedForAreClosed) {
  const std::size_t before = open_descriptors();
  EXPECT_EQ(talk->ask(find_endp("x"), {tcp.first.get()}), kNoEndpoint);
  EXPECT_EQ(talk->ask(save_dest("d", "p", "e"), {tcp.first.get(), tcp.first.get()}), kSaved);
  EXPECT_EQ(talk->ask(save_endp("e", "p"), {tcp.first.get()}), kDummy);
  EXPECT_EQ(talk->ask(kByte), kFailed);
  EXPECT_TRUE(comes_to(before));
}

TEST_F(PostfixSessionMisuseTest, ADescriptorSentBeforeItsDummyWasReadIsTaken) {
  ASSERT_TRUE(talk->client.send(save_endp("e", "p")));
  ASSERT_TRUE(talk->client.send(kByte, {tcp.first.get()}));
  settle();
  EXPECT_EQ(talk->hear(), kDummy + kSaved);
  EXPECT_TRUE(is_cached("e"));
}

TEST_F(PostfixSessionMisuseTest, ManySavesSentAheadAreAllTaken) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(talk->client.send(save_endp("e" + std::to_string(i), "p")));
    ASSERT_TRUE(talk->client.send(kByte, {tcp.first.get()}));
  }
  settle();
  std::string expected;
  for (int i = 0; i < 50; ++i) expected += kDummy + kSaved;
  EXPECT_EQ(talk->hear_all(), expected);
  EXPECT_EQ(service.cache().connections(), 50u);
}

// Like the stock server, which reads ahead.
TEST_F(PostfixSessionMisuseTest, ARequestSentAheadOfADescriptorIsServedAfterIt) {
  EXPECT_EQ(talk->ask(save_endp("e", "p") + find_endp("e")), kDummy);
  EXPECT_EQ(talk->ask(kByte, {tcp.first.get()}), kSaved + endpoint_hit("p"));
  EXPECT_TRUE(talk->take());
  EXPECT_THAT(log.take(), IsEmpty());
}

TEST_F(PostfixSessionMisuseTest, ALingeringSocketWhereverItIsSentDelaysNobody) {
  std::vector<Ends> all;
  // Sends a socket with a linger time; the server has the last copy of it.
  const auto send_lingering = [&](const std::string& bytes, std::vector<int> others = {}) {
    all.push_back(lingering_pair(60));
    others.push_back(all.back().first.get());
    EXPECT_TRUE(talk->client.send(bytes, others));
    all.back().first.reset();
  };
  const auto begun = std::chrono::steady_clock::now();
  send_lingering(find_endp("x"));
  settle();
  send_lingering(find_endp("x"), {tcp.first.get()});
  settle();
  talk->ask(save_endp("e", "p"));
  send_lingering(kByte, {tcp.first.get()});
  settle();
  talk->ask(save_endp("e", "p", "1"));
  send_lingering(kByte);
  settle();
  EXPECT_EQ(service.cache().connections(), 1u);
  pass(2s);
  EXPECT_EQ(service.expire(clock.now(), 1'000), 1u);
  send_lingering("never received");
  talk.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);
  for (Ends& ends : all) ends.second.reset();
}

TEST_F(PostfixSessionMisuseTest, AClientThatReadsNoDescriptorIsServedNoFurther) {
  constexpr unsigned kMany = 2 * Stream::kMaxUnreadDescriptors;
  std::string lookups;
  std::string expected;
  for (unsigned i = 0; i < kMany; ++i) {
    talk->save("e", "p", tcp.first);
    lookups += find_endp("e") + kDummy + kDummy;
    expected += endpoint_hit("p") + kByte;
  }
  const TalkPtr lazy = connect();
  lazy->say(lookups);
  EXPECT_GE(service.cache().held(), kMany - Stream::kMaxUnreadDescriptors);
  std::string replies;
  for (int round = 0; round < 20 && replies.size() < expected.size(); ++round) {
    replies += lazy->hear();
    settle();
  }
  EXPECT_EQ(replies, expected);
  EXPECT_EQ(lazy->client.descriptors().size(), kMany);
  EXPECT_EQ(service.cache().held(), 0u);
}

// Pipelined requests.

TEST_F(PostfixSessionMisuseTest, RequestsSentAtOnceAreAllAnsweredInOrder) {
  for (const int count : {2, 1'000}) {
    std::string requests;
    std::string replies;
    for (int i = 0; i < count; ++i) {
      requests += i % 2 == 0 ? find_endp("x") : find_dest("y");
      replies += i % 2 == 0 ? kNoEndpoint : kNoDestination;
    }
    EXPECT_TRUE(talk->ask(requests) == replies);
  }
}

TEST_F(PostfixSessionMisuseTest, SoManyRepliesAreKeptBackAndNoMore) {
  policy.limits.name = 1'000'000;
  // A long name enlarges the buffer for many requests after it.
  const std::string large = find_endp(endless(150'000));
  for (std::size_t at = 0; at < 150'000; at += 50'000) talk->say(large.substr(at, 50'000));
  std::string requests = large.substr(150'000);
  std::string replies = kNoEndpoint;
  for (int i = 0; i < 5'000; ++i) {
    requests += list({"request", "find_dest"});
    replies += list({"status", "1", "property", "", "property", ""});
  }
  ASSERT_TRUE(talk->client.send(requests));
  std::string seen;
  while (seen.empty()) {
    turn();
    seen = talk->hear();
  }
  EXPECT_LT(seen.size(), Stream::kMaxBufferedReplies + 1'000);
  settle();
  EXPECT_TRUE(seen + talk->hear_all() == replies);
}

TEST_F(PostfixSessionMisuseTest, ALookupAndBothItsDummiesSentAtOnce) {
  for (int i = 0; i < 10; ++i) talk->save("e", "p" + std::to_string(i), tcp.first);
  std::string requests;
  std::string replies;
  for (int i = 0; i < 10; ++i) {
    requests += find_endp("e") + kDummy + kDummy;
    replies += endpoint_hit("p" + std::to_string(i)) + kByte;
  }
  EXPECT_EQ(talk->ask(requests), replies);
  EXPECT_EQ(talk->client.descriptors().size(), 10u);
}

TEST_F(PostfixSessionMisuseTest, AClientWithManyRequestsLetsOthersHaveTheirTurn) {
  const TalkPtr other = connect();
  std::string requests;
  std::string replies;
  for (int i = 0; i < 100; ++i) {
    requests += find_endp("x");
    replies += kNoEndpoint;
  }
  ASSERT_LT(requests.size(), 4'096u);
  ASSERT_TRUE(talk->client.send(requests));
  ASSERT_TRUE(other->client.send(find_endp("x")));
  turn();
  EXPECT_EQ(other->hear(), kNoEndpoint);
  EXPECT_EQ(talk->hear(), "");
  turn();
  EXPECT_EQ(talk->hear(), replies);
}

TEST_F(PostfixSessionMisuseTest, NonsenseAmongRequestsDoesNotKeepOthersFromTheirTurn) {
  const TalkPtr other = connect();
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += find_endp("x") + '\0';
  ASSERT_LT(requests.size(), 4'096u);
  ASSERT_TRUE(talk->client.send(requests));
  ASSERT_TRUE(other->client.send(find_endp("x")));
  turn();
  EXPECT_EQ(other->hear(), kNoEndpoint);
  EXPECT_EQ(talk->hear(), "");
}

}  // namespace
}  // namespace scache::server
