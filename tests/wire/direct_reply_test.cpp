// SPDX-License-Identifier: Apache-2.0
#include "wire/direct_reply.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace scache::wire::direct {
namespace {

// The fields of a reply, as a client reads them.
Fields fields_of(const std::string& frame, Kind kind) {
  const FrameStep step = read_frame(frame);
  EXPECT_EQ(step.kind, FrameStep::Kind::frame);
  EXPECT_EQ(step.header.size, frame.size());
  EXPECT_EQ(step.header.kind, static_cast<std::uint8_t>(kind));
  EXPECT_EQ(step.header.id, 9u);
  const auto fields = Fields::read(step.body);
  EXPECT_TRUE(fields);
  return fields.value();
}

TEST(DirectReplyTest, AConnectionIsReadAsItWasPut) {
  std::string frame;
  put_found(frame, 9,
            {.endpoint = "e",
             .endpoint_properties = "p",
             .destination_properties = "dp",
             .connection = 7,
             .uses = 3,
             .age = milliseconds{60},
             .idle = milliseconds{20}});
  EXPECT_TRUE(read_frame(frame).header.with_descriptor);
  const FoundReply found = read_found(fields_of(frame, Kind::found));
  EXPECT_EQ(found.endpoint, "e");
  EXPECT_EQ(found.endpoint_properties, "p");
  EXPECT_EQ(found.destination_properties, "dp");
  EXPECT_EQ(found.connection, 7u);
  EXPECT_EQ(found.uses, 3u);
  EXPECT_EQ(found.age, milliseconds{60});
  EXPECT_EQ(found.idle, milliseconds{20});
}

TEST(DirectReplyTest, OnlyALookupByDestinationHasItsProperties) {
  std::string frame;
  put_found(frame, 9, {.endpoint = "e", .endpoint_properties = "p", .destination_properties = {}});
  EXPECT_FALSE(read_found(fields_of(frame, Kind::found)).destination_properties);
}

TEST(DirectReplyTest, AMissHasNoFieldsAndNoDescriptor) {
  std::string frame;
  put_not_found(frame, 9);
  EXPECT_FALSE(fields_of(frame, Kind::found).has(Tag::endpoint));
  EXPECT_FALSE(read_frame(frame).header.with_descriptor);
}

TEST(DirectReplyTest, NegativeTimesArePutAsZero) {
  std::string frame;
  put_found(frame, 9,
            {.endpoint = {},
             .endpoint_properties = {},
             .destination_properties = {},
             .age = milliseconds{-1},
             .idle = milliseconds::min()});
  const FoundReply found = read_found(fields_of(frame, Kind::found));
  EXPECT_EQ(found.age, milliseconds{0});
  EXPECT_EQ(found.idle, milliseconds{0});
}

TEST(DirectReplyTest, TimesThatDoNotFitAreReadAsTheLargest) {
  std::string frame;
  FrameWriter{frame, Kind::found, 9}.put(Tag::age, std::numeric_limits<std::uint64_t>::max()).end();
  EXPECT_EQ(read_found(fields_of(frame, Kind::found)).age, milliseconds::max());
}

TEST(DirectReplyTest, SavesBindsDropsAndCancelsAreReadAsTheyWerePut) {
  std::string saved;
  put_saved(saved, 9, {.connection = 7, .bindings = 2});
  EXPECT_EQ(read_saved(fields_of(saved, Kind::saved)).connection, 7u);
  EXPECT_EQ(read_saved(fields_of(saved, Kind::saved)).bindings, 2u);
  std::string dropped;
  put_dropped(dropped, 9, {.connections = 4, .bindings = 5});
  EXPECT_EQ(read_dropped(fields_of(dropped, Kind::dropped)).connections, 4u);
  EXPECT_EQ(read_dropped(fields_of(dropped, Kind::dropped)).bindings, 5u);
  for (const bool yes : {true, false}) {
    std::string bound;
    put_bound(bound, 9, {.renewed = yes});
    EXPECT_EQ(read_bound(fields_of(bound, Kind::bound)).renewed, yes);
    std::string cancelled;
    put_cancel_done(cancelled, 9, {.cancelled = yes});
    EXPECT_EQ(read_cancel_done(fields_of(cancelled, Kind::cancel_done)).cancelled, yes);
  }
  std::string pong;
  put_pong(pong, 9, "scache 1");
  EXPECT_EQ(read_pong(fields_of(pong, Kind::pong)), "scache 1");
}

TEST(DirectReplyTest, APageHasItsEntriesAndItsCursor) {
  std::string frame;
  PageWriter page{frame, 9};
  page.put({.destination = {},
            .endpoint = "e",
            .properties = "p",
            .ttl = milliseconds{9},
            .connection = 7,
            .uses = 3,
            .age = milliseconds{5},
            .idle = milliseconds{2},
            .owner = 100});
  page.put({.destination = "d", .endpoint = "e", .properties = "dp", .ttl = milliseconds{8}});
  EXPECT_EQ(page.size(), frame.size());
  page.end("cursor");
  const Fields fields = fields_of(frame, Kind::page);
  EXPECT_EQ(fields.bytes(Tag::cursor), "cursor");
  std::vector<EntryReply> entries;
  EXPECT_TRUE(each_entry(fields, [&](const EntryReply& entry) { entries.push_back(entry); }));
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_FALSE(entries[0].destination);
  EXPECT_EQ(entries[0].endpoint, "e");
  EXPECT_EQ(entries[0].properties, "p");
  EXPECT_EQ(entries[0].ttl, milliseconds{9});
  EXPECT_EQ(entries[0].connection, 7u);
  EXPECT_EQ(entries[0].uses, 3u);
  EXPECT_EQ(entries[0].age, milliseconds{5});
  EXPECT_EQ(entries[0].idle, milliseconds{2});
  EXPECT_EQ(entries[0].owner, 100u);
  EXPECT_EQ(entries[1].destination, "d");
  EXPECT_EQ(entries[1].properties, "dp");
  EXPECT_EQ(entries[1].ttl, milliseconds{8});
  EXPECT_EQ(entries[1].connection, 0u);
}

TEST(DirectReplyTest, TheLastPageHasNoCursor) {
  std::string frame;
  PageWriter{frame, 9}.end({});
  EXPECT_FALSE(fields_of(frame, Kind::page).has(Tag::cursor));
}

TEST(DirectReplyTest, StatisticsComeInTheirOrder) {
  std::string frame;
  StatisticsWriter statistics{frame, 9};
  statistics.put("a", 1);
  statistics.put("b", 2);
  statistics.end();
  std::string read;
  EXPECT_TRUE(each_statistic(fields_of(frame, Kind::statistics_reply),
                             [&](std::string_view name, std::uint64_t value) {
                               read += std::string{name} + "=" + std::to_string(value) + " ";
                             }));
  EXPECT_EQ(read, "a=1 b=2 ");
}

TEST(DirectReplyTest, AnErrorHasItsCodeAndText) {
  std::string frame;
  put_error(frame, 9, {ErrorCode::cancelled, "cancelled"});
  const Fields fields = fields_of(frame, Kind::error);
  EXPECT_EQ(fields.number(Tag::code), 7u);
  EXPECT_EQ(read_error(fields).code, ErrorCode::cancelled);
  EXPECT_EQ(read_error(fields).text, "cancelled");
}

TEST(DirectReplyTest, AnUnknownErrorKeepsItsText) {
  for (const std::uint64_t code : {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{257}}) {
    std::string frame;
    FrameWriter{frame, Kind::error, 9}.put(Tag::code, code).put(Tag::text, "new").end();
    const Fields fields = fields_of(frame, Kind::error);
    EXPECT_EQ(read_error(fields).code, ErrorCode{}) << code;
    EXPECT_EQ(read_error(fields).text, "new");
  }
}

}  // namespace
}  // namespace scache::wire::direct
