// SPDX-License-Identifier: Apache-2.0
#include "server/postfix_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "server/session_fixture.hpp"
#include "support/hand_out_rule.hpp"

// The exchanges of well-behaved clients.

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PostfixSessionTest : public SessionTest {
 protected:
  ~PostfixSessionTest() override { EXPECT_THAT(log.take(), IsEmpty()); }

  Ends tcp = tcp_pair();
};

// The bytes recorded from the stock server.
const std::string kDestination = "smtp\nd1.test:56161\n";
const std::string kEndpoint = "smtp\n127.0.0.2\n56161\n0\n";
const std::string kDestinationProperties =
    "destination=d1.test:56161\nhost_name=mx1.test\nhost_addr=127.0.0.2\n"
    "destination_features=4096\n\n";
const std::string kEndpointProperties =
    "tls_level=0\nreuse_count=0\nendpoint_features=15\nexpire_time=1795300150\n\n";

TEST_F(PostfixSessionTest, TheServerSpeaksFirst) {
  const TalkPtr talk = connect_unheard();
  settle();
  EXPECT_EQ(talk->hear(), "protocol\0connection_cache_protocol\0\0"s);
}

TEST_F(PostfixSessionTest, TheServerDoesNotSpeakFirstWhereItShallNot) {
  policy.announces = false;
  const TalkPtr talk = connect_unheard();
  EXPECT_EQ(talk->hear(), "");
  EXPECT_EQ(talk->find("e"), kNoEndpoint);
}

TEST_F(PostfixSessionTest, MissesAsOnTheStockServersWire) {
  const TalkPtr talk = connect();
  EXPECT_EQ(talk->ask("request\0find_dest\0label\0smtp\nd1.test:56161\n\0\0"s),
            "status\0002\0property\0\0property\0\0\0"s);
  EXPECT_EQ(talk->ask("request\0find_endp\0label\0smtp\n127.0.0.2\n56161\n0\n\0\0"s),
            "status\0002\0property\0\0\0"s);
}

TEST_F(PostfixSessionTest, SavesAndHitsAsOnTheStockServersWire) {
  const TalkPtr talk = connect();
  EXPECT_EQ(talk->ask("request\0save_dest\0ttl\0002\0label\0"s + kDestination + "\0property\0"s +
                      kDestinationProperties + "\0label\0"s + kEndpoint + "\0\0"s),
            "status\0000\0\0"s);
  EXPECT_EQ(talk->ask("request\0save_endp\0ttl\0002\0label\0"s + kEndpoint + "\0property\0"s +
                      kEndpointProperties + "\0\0"s),
            "dummy\0\0\0"s);
  EXPECT_EQ(talk->ask("\0"s, {tcp.first.get()}), "status\0000\0\0"s);

  EXPECT_EQ(talk->ask("request\0find_dest\0label\0"s + kDestination + "\0\0"s),
            "status\0000\0property\0"s + kDestinationProperties + "\0property\0"s +
                kEndpointProperties + "\0\0"s);
  EXPECT_EQ(talk->ask("dummy\0\0\0"s), "\0"s);
  EXPECT_EQ(talk->ask("dummy\0\0\0"s), "");
  EXPECT_EQ(talk->client.descriptors().size(), 1u);

  EXPECT_EQ(talk->ask("request\0find_endp\0label\0"s + kEndpoint + "\0\0"s),
            "status\0002\0property\0\0\0"s);
}

TEST_F(PostfixSessionTest, AnEndpointsHit) {
  const TalkPtr talk = connect();
  talk->save("e", "p\n\n", tcp.first);
  EXPECT_EQ(talk->find("e"), endpoint_hit("p\n\n"));
  EXPECT_TRUE(talk->take());
  EXPECT_EQ(talk->find("e"), kNoEndpoint);
}

TEST_F(PostfixSessionTest, TheLastDummyMayComeTogetherWithTheNextRequest) {
  const TalkPtr talk = connect();
  talk->save("e", "p", tcp.first);
  EXPECT_EQ(talk->find("e"), endpoint_hit("p"));
  EXPECT_EQ(talk->ask(kDummy), kByte);
  EXPECT_EQ(talk->ask(kDummy + find_endp("e")), kNoEndpoint);
}

TEST_F(PostfixSessionTest, TheLastDummyMayComeTogetherWithHalfOfTheNextRequest) {
  const TalkPtr talk = connect();
  talk->save("e", "p", tcp.first);
  EXPECT_EQ(talk->find("e"), endpoint_hit("p"));
  EXPECT_EQ(talk->ask(kDummy), kByte);
  EXPECT_EQ(talk->ask(kDummy + find_endp("e").substr(0, 10)), "");
  EXPECT_EQ(talk->ask(find_endp("e").substr(10)), kNoEndpoint);
}

TEST_F(PostfixSessionTest, EverythingMayComeByteByByte) {
  const TalkPtr talk = connect();
  const auto spell = [&](const std::string& bytes) {
    for (const char byte : bytes.substr(0, bytes.size() - 1)) {
      EXPECT_EQ(talk->ask(std::string(1, byte)), "");
    }
    return talk->ask(bytes.substr(bytes.size() - 1));
  };
  EXPECT_EQ(spell(save_dest("d", "dp", "e")), kSaved);
  EXPECT_EQ(spell(save_endp("e", "ep")), kDummy);
  EXPECT_EQ(talk->ask(kByte, {tcp.first.get()}), kSaved);
  EXPECT_EQ(spell(find_dest("d")), destination_hit("dp", "ep"));
  EXPECT_EQ(spell(kDummy), kByte);
  EXPECT_EQ(spell(kDummy), "");
  EXPECT_EQ(spell(find_dest("d")), kNoDestination);
}

TEST_F(PostfixSessionTest, OneClientFindsWhatAnotherHasSaved) {
  const TalkPtr saver = connect();
  const TalkPtr finder = connect();
  saver->save("e", "p", tcp.first);
  tcp.first.reset();
  saver->leave();
  EXPECT_TRUE(saver->is_over());
  EXPECT_EQ(finder->find("e"), endpoint_hit("p"));
  const Fd found = finder->take();
  ASSERT_TRUE(send_with(found.get(), "EHLO", {}));
  EXPECT_EQ(receive_with(tcp.second.get()).bytes, "EHLO");
}

TEST_F(PostfixSessionTest, WhileOneClientTakesAConnectionNobodyElseGetsIt) {
  const TalkPtr one = connect();
  const TalkPtr two = connect();
  one->save("e", "p", tcp.first);
  EXPECT_EQ(one->find("e"), endpoint_hit("p"));
  EXPECT_EQ(two->find("e"), kNoEndpoint);
  EXPECT_TRUE(one->take());
}

TEST_F(PostfixSessionTest, EachKindOfDescriptorComesBackAsItWas) {
  const TalkPtr talk = connect();
  const Ends local = socket_pair();
  const Ends pipe = pipe_pair();
  ASSERT_TRUE(send_with(local.second.get(), "unread", {}));
  service.hand_out(hand_out_of("*", {.allow_input = true}));
  for (const Fd* fd : std::vector<const Fd*>{&tcp.first, &local.first, &pipe.first}) {
    for (const int flags : {0, O_NONBLOCK}) {
      ASSERT_EQ(::fcntl(fd->get(), F_SETFL, flags), 0);
      const int before = ::fcntl(fd->get(), F_GETFL);
      talk->save("e", "p", *fd);
      EXPECT_EQ(::fcntl(fd->get(), F_GETFL), before);
      ASSERT_EQ(talk->find("e"), endpoint_hit("p"));
      const Fd found = talk->take();
      EXPECT_EQ(::fcntl(found.get(), F_GETFL), before);
    }
  }
  EXPECT_EQ(receive_with(local.first.get()).bytes, "unread");
}

TEST_F(PostfixSessionTest, ItsOwnCopyIsClosedAfterAHit) {
  const TalkPtr talk = connect();
  talk->save("e", "p", tcp.first);
  tcp.first.reset();
  EXPECT_EQ(talk->find("e"), endpoint_hit("p"));
  talk->take().reset();
  EXPECT_TRUE(comes_alone(tcp.second));
}

TEST_F(PostfixSessionTest, TheTimeToLiveIsLimited) {
  const TalkPtr talk = connect();
  talk->save("short", "p", tcp.first, "5");
  talk->save("long", "p", tcp.first, "2147483647");
  pass(5s - 1ns);
  EXPECT_TRUE(is_cached("short"));
  pass(1ns);
  EXPECT_FALSE(is_cached("short"));
  pass(995s - 1ns);
  EXPECT_TRUE(is_cached("long"));
  pass(1ns);
  EXPECT_FALSE(is_cached("long"));
}

TEST_F(PostfixSessionTest, TheTimeToLiveBeginsWhenTheDescriptorHasCome) {
  const TalkPtr talk = connect();
  EXPECT_EQ(talk->ask(save_endp("e", "p", "5")), kDummy);
  pass(4s);
  EXPECT_EQ(talk->ask(kByte, {tcp.first.get()}), kSaved);
  pass(5s - 1ns);
  EXPECT_TRUE(is_cached("e"));
}

TEST_F(PostfixSessionTest, LargeTextsGoThrough) {
  const TalkPtr talk = connect();
  const std::string name = endless(policy.limits.name);
  const std::string properties = endless(policy.limits.properties);
  EXPECT_EQ(talk->ask(save_dest(name, properties, name)), kSaved);
  talk->save(name, properties, tcp.first);
  EXPECT_EQ(talk->ask(find_dest(name)), destination_hit(properties, properties));
  EXPECT_TRUE(talk->take());
}

TEST_F(PostfixSessionTest, TellsWhenItIsIdleAndWhenItIsNot) {
  const TalkPtr talk = connect();
  EXPECT_EQ(talk->idle_count(), 1);
  EXPECT_EQ(talk->busy_count(), 0);
  talk->say(find_endp("e").substr(0, 1));
  EXPECT_EQ(talk->busy_count(), 1);
  EXPECT_EQ(talk->idle_count(), 1);
  EXPECT_EQ(talk->ask(find_endp("e").substr(1)), kNoEndpoint);
  EXPECT_EQ(talk->idle_count(), 2);
  talk->save("e", "p", tcp.first);
  EXPECT_EQ(talk->idle_count(), 3);
  talk->find("e");
  talk->say(kDummy);
  EXPECT_EQ(talk->busy_count(), 3);
  EXPECT_EQ(talk->idle_count(), 3);
  talk->say(kDummy);
  EXPECT_EQ(talk->idle_count(), 4);
}

TEST_F(PostfixSessionTest, AHitIsCountedWhenTheDescriptorIsSentAndNotBefore) {
  const TalkPtr talk = connect();
  talk->save("e", "p", tcp.first);
  statistics_lines();
  talk->find("e");
  EXPECT_THAT(statistics_lines(), IsEmpty());
  talk->say(kDummy);
  EXPECT_THAT(statistics_lines(),
              ElementsAre("statistics: start interval Jan  1 00:00:00",
                          "statistics: address lookup hits=1 miss=0 success=100%"));
}

TEST_F(PostfixSessionTest, MissesAreCountedAtOnce) {
  const TalkPtr talk = connect();
  talk->find("e");
  talk->ask(find_dest("d"));
  EXPECT_THAT(statistics_lines(),
              ElementsAre("statistics: start interval Jan  1 00:00:00",
                          "statistics: domain lookup hits=0 miss=1 success=0%",
                          "statistics: address lookup hits=0 miss=1 success=0%"));
}

TEST_F(PostfixSessionTest, EndsWithItsClient) {
  const TalkPtr talk = connect();
  EXPECT_FALSE(talk->is_over());
  talk->leave();
  EXPECT_TRUE(talk->is_over());
}

TEST_F(PostfixSessionTest, DetailsTellWhatGoesOn) {
  log.set_verbose(true);
  const TalkPtr talk = connect();
  talk->save("e", "p", tcp.first, "7");
  const Lines lines = log.take();
  EXPECT_THAT(lines,
              ElementsAre("save_endp ttl=7 endpoint=e properties=p",
                          ::testing::StartsWith("connection saved: endpoint=e properties=p")));
  talk->find("none");
  EXPECT_THAT(log.take(), ElementsAre("find_endp endpoint=none", "find_endp: not found"));
}

// Clients of the direct protocol can save such values. A client of the Postfix protocol would read
// the rest of the value as attributes.
TEST_F(PostfixSessionTest, WhatHasANulInItsPropertiesIsNotFoundAndStays) {
  const Ends pipe = pipe_pair();
  const std::string properties{"p\0q", 3};
  const auto save = [&](const char* endpoint, const std::string& its) {
    service.save(caller, SaveEndpoint{100s, endpoint, its}, Fd{::dup(pipe.first.get())},
                 clock.now());
  };
  save("nul", properties);
  save("plain", "p");
  service.save(caller, SaveDestination{100s, "to nul", "p", "nul"}, clock.now());
  service.save(caller, SaveDestination{100s, "nul itself", properties, "plain"}, clock.now());
  const TalkPtr talk = connect();
  EXPECT_EQ(talk->find("nul"), kNoEndpoint);
  EXPECT_EQ(talk->ask(find_dest("to nul")), kNoDestination);
  EXPECT_EQ(talk->ask(find_dest("nul itself")), kNoDestination);
  EXPECT_EQ(service.cache().connections(), 2u);
  EXPECT_EQ(talk->find("plain"), endpoint_hit("p"));
}

}  // namespace
}  // namespace scache::server
