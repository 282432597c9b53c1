// SPDX-License-Identifier: Apache-2.0
#include "server/direct_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "server/direct_fixture.hpp"
#include "support/listening.hpp"

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using namespace test;
using namespace std::string_literals;
using direct::FrameWriter;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(DirectSessionTest, AConnectionIsSavedAndFoundWithAllThatIsKnownOfIt) {
  const std::string name = "e\0\xff"s;
  EXPECT_EQ(talk.ask(save_frame(8, name, {{Tag::ttl, 5'000}}), {tcp.first.get()}).kind,
            Kind::saved);
  clock.advance(1'500ms);
  const Reply found = talk.ask(find_frame(9, name));
  EXPECT_EQ(found.kind, Kind::found);
  EXPECT_EQ(found.id, 9u);
  EXPECT_TRUE(found.with_descriptor);
  EXPECT_EQ(found.text(Tag::endpoint), name);
  EXPECT_EQ(found.text(Tag::endpoint_properties), "p");
  EXPECT_FALSE(found.fields().has(Tag::destination_properties));
  EXPECT_EQ(found.number(Tag::uses), 1u);
  EXPECT_EQ(found.number(Tag::age), 1'500u);
  EXPECT_EQ(found.number(Tag::idle), 1'500u);
  EXPECT_TRUE(is_same_file(talk.take_descriptor(), tcp.first));
  EXPECT_EQ(service.cache().connections(), 0u);
}

TEST_F(DirectSessionTest, NothingFoundIsAReplyWithoutADescriptor) {
  const Reply missed = talk.ask(find_frame(7, "e"));
  EXPECT_EQ(missed.kind, Kind::found);
  EXPECT_EQ(missed.id, 7u);
  EXPECT_FALSE(missed.with_descriptor);
  EXPECT_EQ(missed.body, "");
}

TEST_F(DirectSessionTest, ThePastOfAConnectionSurvivesManyHands) {
  const Reply saved = talk.ask(save_frame(1, "e"), {tcp.first.get()});
  clock.advance(1s);
  const Reply once = talk.ask(find_frame(2, "e"));
  talk.take_descriptor();
  EXPECT_EQ(once.number(Tag::connection), saved.number(Tag::connection));
  talk.ask(save_frame(3, "e",
                      {{Tag::connection, once.number(Tag::connection)},
                       {Tag::uses, once.number(Tag::uses)},
                       {Tag::age, once.number(Tag::age) + 500}}),
           {tcp.first.get()});
  clock.advance(250ms);
  const Reply twice = talk.ask(find_frame(4, "e"));
  talk.take_descriptor();
  EXPECT_EQ(twice.number(Tag::connection), saved.number(Tag::connection));
  EXPECT_EQ(twice.number(Tag::uses), 2u);
  EXPECT_EQ(twice.number(Tag::age), 1'750u);
  EXPECT_EQ(twice.number(Tag::idle), 250u);
  const Reply other = talk.ask(save_frame(5, "e"), {tcp.first.get()});
  EXPECT_NE(other.number(Tag::connection), saved.number(Tag::connection));
  EXPECT_NE(other.number(Tag::connection), 0u);
}

TEST_F(DirectSessionTest, BindingsComeWithTheSaveAndLeadToIt) {
  std::string bytes;
  FrameWriter writer{bytes, Kind::save, 1, true};
  writer.put(Tag::endpoint, "e").put(Tag::endpoint_properties, "p");
  writer.open(Tag::binding).put(Tag::destination, "d1").put(Tag::destination_properties, "dp");
  writer.close().open(Tag::binding).put(Tag::destination, "d2").put(Tag::ttl, 1'000).close().end();
  EXPECT_EQ(talk.ask(bytes, {tcp.first.get()}).number(Tag::bindings), 2u);
  EXPECT_EQ(service.cache().bindings(), 2u);
  const Reply found = talk.ask(frame(Kind::find, 2, {{Tag::destination, "d1"}}));
  EXPECT_EQ(found.text(Tag::destination_properties), "dp");
  EXPECT_EQ(found.text(Tag::endpoint), "e");
  EXPECT_TRUE(is_same_file(talk.take_descriptor(), tcp.first));
}

TEST_F(DirectSessionTest, ABindingThatIsThereIsRenewed) {
  EXPECT_EQ(talk.ask(bind_frame(1, "d", "e")).number(Tag::renewed), 0u);
  EXPECT_EQ(talk.ask(bind_frame(2, "d", "e")).number(Tag::renewed), 1u);
}

TEST_F(DirectSessionTest, ManyRequestsAtOnceAreAllAnswered) {
  std::string bytes;
  for (std::uint64_t id = 0; id < 300; ++id) bytes += find_frame(id, "e");
  talk.say(bytes);
  const auto replies = talk.hear();
  ASSERT_THAT(replies, SizeIs(300));
  for (std::uint64_t id = 0; id < 300; ++id) EXPECT_EQ(replies[id].id, id);
}

TEST_F(DirectSessionTest, AFrameMayComeByteByByte) {
  const std::string bytes = save_frame(1, "e");
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    talk.say(bytes.substr(at, 1), at == 0 ? std::vector{tcp.first.get()} : std::vector<int>{});
    EXPECT_THAT(talk.hear(), SizeIs(at + 1 == bytes.size() ? 1 : 0));
  }
  EXPECT_EQ(service.cache().connections(), 1u);
}

TEST_F(DirectSessionTest, DescriptorsBelongToTheirFramesInOrder) {
  const Ends other = tcp_pair();
  // The kernel joins a frame without a descriptor and the following frame with one.
  EXPECT_TRUE(talk.client.send(find_frame(1, "x")));
  EXPECT_TRUE(talk.client.send(save_frame(2, "e1"), {tcp.first.get()}));
  EXPECT_TRUE(talk.client.send(find_frame(3, "x") + find_frame(4, "x")));
  EXPECT_TRUE(talk.client.send(save_frame(5, "e2"), {other.first.get()}));
  settle();
  EXPECT_THAT(talk.hear(), SizeIs(5));
  talk.ask(find_frame(6, "e2"));
  EXPECT_TRUE(is_same_file(talk.take_descriptor(), other.first));
  talk.ask(find_frame(7, "e1"));
  EXPECT_TRUE(is_same_file(talk.take_descriptor(), tcp.first));
}

// For each part of the second frame that arrives together with the end of the first.
TEST_F(DirectSessionTest, AFrameWithADescriptorMayFollowALargeOneAtOnce) {
  for (const std::size_t size : std::initializer_list<std::size_t>{4'000, 4'096, 5'000, 60'000}) {
    const Ends more = pipe_pair();
    const std::string properties(size, 'x');
    ASSERT_TRUE(talk.client.send(save_frame(1, "e", {}, properties), {tcp.first.get()}));
    ASSERT_TRUE(talk.client.send(save_frame(2, "f"), {more.first.get()}));
    ASSERT_TRUE(talk.client.send(save_frame(3, "g", {}, properties), {tcp.first.get()}));
    settle();
    ASSERT_THAT(talk.hear(), SizeIs(3)) << size;
    EXPECT_EQ(talk.ask(find_frame(4, "f")).id, 4u);
    EXPECT_TRUE(is_same_file(talk.take_descriptor(), more.first));
    EXPECT_EQ(talk.ask(find_frame(5, "e")).text(Tag::endpoint_properties), properties);
    EXPECT_TRUE(is_same_file(talk.take_descriptor(), tcp.first));
    talk.ask(frame(Kind::drop, 6, {{Tag::prefix, ""}}));
  }
}

TEST_F(DirectSessionTest, FramesWithDescriptorsMayFollowManyWithout) {
  const std::string ping = frame(Kind::ping, 1);
  const std::string save = save_frame(2, "e");
  // The first save begins at any distance from the end of a piece of input.
  constexpr std::size_t kPiece = 4'096;
  std::string pings;
  while (pings.size() + 2 * ping.size() + save.size() < kPiece) pings += ping;
  for (std::size_t before = 0; before < 2 * save.size(); ++before) {
    Talk another{*this};
    const std::string filler = frame(Kind::ping, 1, {{Tag::name, std::string(before, 'x')}});
    ASSERT_TRUE(another.client.send(filler + pings));
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(another.client.send(save, {tcp.first.get()}));
    settle();
    ASSERT_FALSE(another.is_over()) << before;
    EXPECT_EQ(another.hear().back().kind, Kind::saved);
  }
}

TEST_F(DirectSessionTest, PingTellsTheServer) {
  EXPECT_THAT(talk.ask(frame(Kind::ping, 1)).text(Tag::server), HasSubstr("scache "));
}

TEST_F(DirectSessionTest, StatisticsTellWhatHasHappened) {
  talk.ask(save_frame(1, "e"), {tcp.first.get()});
  talk.ask(find_frame(2, "no"));
  talk.ask(bind_frame(3, "d", "e"));
  std::map<std::string, std::uint64_t> told;
  const Reply reply = talk.ask(frame(Kind::statistics, 4));
  EXPECT_TRUE(reply.fields().each(Tag::statistic, [&](const direct::Fields& one) {
    told[std::string{one.bytes(Tag::name)}] = one.number(Tag::value);
    return true;
  }));
  EXPECT_EQ(told["connections"], 1u);
  EXPECT_EQ(told["bindings"], 1u);
  EXPECT_EQ(told["connections_saved"], 1u);
  EXPECT_EQ(told["bindings_saved"], 1u);
  EXPECT_EQ(told["endpoint_misses"], 1u);
  EXPECT_GT(told["bytes"], 0u);
}

TEST_F(DirectSessionTest, WhatTheCacheRefusesIsSaidByNameAndLeavesTheDescriptorToTheClient) {
  const Listening listening;
  Service little{{.limits = {.connections = 1, .connection_bytes = 2'000, .binding_bytes = 2'000},
                  .listening = {ListeningAddress{listening.descriptor()}}},
                 closer,
                 log};
  Talk guest{*this, little};
  const Fd own = listening.connect();
  EXPECT_EQ(guest.ask(save_frame(1, "e"), {own.get()}).code(), ErrorCode::refused);
  EXPECT_EQ(guest.ask(save_frame(2, "e"), {tcp.first.get()}).kind, Kind::saved);
  EXPECT_EQ(guest.ask(save_frame(3, std::string(2'000, 'e')), {tcp.first.get()}).code(),
            ErrorCode::full);
  EXPECT_TRUE(is_open(tcp.first.get()));
  EXPECT_EQ(guest.ask(bind_frame(4, std::string(2'000, 'd'), "e")).code(), ErrorCode::full);
  EXPECT_EQ(little.totals().connections_refused, 2u);
}

}  // namespace
}  // namespace scache::server
