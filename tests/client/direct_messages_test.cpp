// SPDX-License-Identifier: Apache-2.0
#include "client/direct_messages.hpp"

#include <sys/socket.h>

#include <chrono>
#include <limits>
#include <string>
#include <utility>

#include "client/channel_fixture.hpp"
#include "support/descriptors.hpp"

namespace scache::client {
namespace {

using direct::Fields;
using direct::Kind;
using direct::Tag;
using std::chrono::milliseconds;
using test::Ends;
using test::FrameText;
using test::socket_pair;
using test::tcp_pair;

const Instant kNow{std::chrono::seconds{1'000}};

// The request as a server reads it.
test::Asked asked(const Result<std::string>& frame) {
  EXPECT_TRUE(frame);
  const auto step = direct::read_frame(*frame);
  EXPECT_EQ(step.kind, direct::FrameStep::Kind::frame);
  EXPECT_EQ(step.header.size, frame->size());
  return {static_cast<Kind>(step.header.kind), step.header.id, std::string{step.body}};
}

// The reply as a client reads it.
Reply reply(const std::string& frame) {
  const auto step = direct::read_frame(frame);
  EXPECT_EQ(step.kind, direct::FrameStep::Kind::frame);
  return {.header = step.header, .body = step.body, .descriptor = {}};
}

Connection some_connection() {
  return {.descriptor = Descriptor{test::pipe_pair().first.release()},
          .endpoint = std::string{"e\0f", 3},
          .endpoint_properties = "p"};
}

TEST(DirectRequest, FindAsksByEitherName) {
  const auto by_endpoint = asked(find_request(7, Tag::endpoint, "e"));
  EXPECT_EQ(by_endpoint.kind, Kind::find);
  EXPECT_EQ(by_endpoint.id, 7U);
  EXPECT_EQ(by_endpoint.fields().bytes(Tag::endpoint), "e");
  EXPECT_FALSE(by_endpoint.fields().has(Tag::destination));
  const auto by_destination = asked(find_request(8, Tag::destination, ""));
  EXPECT_TRUE(by_destination.fields().has(Tag::destination));
}

TEST(DirectRequest, SaveOfANewConnectionTellsNoHistory) {
  const Connection connection = some_connection();
  const auto request = save_request(1, connection, {.ttl = milliseconds{2'000}}, kNow);
  EXPECT_TRUE(direct::read_frame(*request).header.with_descriptor);
  const auto save = asked(request);
  EXPECT_EQ(save.fields().bytes(Tag::endpoint), connection.endpoint);
  EXPECT_EQ(save.fields().bytes(Tag::endpoint_properties), "p");
  EXPECT_EQ(save.fields().number(Tag::ttl), 2'000U);
  for (const Tag tag : {Tag::connection, Tag::uses, Tag::age, Tag::binding, Tag::allow_input}) {
    EXPECT_FALSE(save.fields().has(tag));
  }
}

TEST(DirectRequest, SaveCanAllowInput) {
  const auto save = asked(save_request(1, some_connection(), {.allow_input = true}, kNow));
  EXPECT_EQ(save.fields().number(Tag::allow_input), 1U);
}

TEST(DirectRequest, SaveGivesBackWhatWasFoundWithItsAgeNow) {
  Connection connection = some_connection();
  connection.id = 9;
  connection.uses = 3;
  connection.age = milliseconds{5'000};
  connection.found_at = since_boot(kNow) - milliseconds{250};
  const auto save = asked(save_request(1, connection, {}, kNow));
  EXPECT_EQ(save.fields().number(Tag::connection), 9U);
  EXPECT_EQ(save.fields().number(Tag::uses), 3U);
  EXPECT_EQ(save.fields().number(Tag::age), 5'250U);
  EXPECT_FALSE(save.fields().has(Tag::ttl));
}

TEST(DirectRequest, SaveTellsAnAgeHoweverOddItsParts) {
  Connection connection = some_connection();
  connection.id = 9;
  const auto age = [&] {
    return asked(save_request(1, connection, {}, kNow)).fields().number(Tag::age);
  };
  connection.found_at = since_boot(kNow) - milliseconds{250};
  connection.age = milliseconds::max();
  EXPECT_EQ(age(), std::uint64_t{std::numeric_limits<std::int64_t>::max()});
  connection.age = milliseconds::max() - milliseconds{250};
  EXPECT_EQ(age(), std::uint64_t{std::numeric_limits<std::int64_t>::max()});
  connection.age = milliseconds::min();
  EXPECT_EQ(age(), 250U);
  connection.age = milliseconds{1};
  connection.found_at = milliseconds::max();
  EXPECT_EQ(age(), 1U) << "found in the future";
  connection.found_at = milliseconds::min();
  EXPECT_EQ(age(), 1'000'001U);
}

TEST(DirectRequest, SaveBringsBindings) {
  const Connection connection = some_connection();
  const SaveOptions options{.bindings = {{"d1", "dp", milliseconds{10}}, {"d2"}}};
  const auto save = asked(save_request(1, connection, options, kNow));
  std::vector<std::string> told;
  EXPECT_TRUE(save.fields().each(Tag::binding, [&](const Fields& binding) {
    told.push_back(std::string{binding.bytes(Tag::destination)} + ' ' +
                   std::string{binding.bytes(Tag::destination_properties)} + ' ' +
                   std::to_string(binding.number(Tag::ttl)));
    return true;
  }));
  EXPECT_EQ(told, (std::vector<std::string>{"d1 dp 10", "d2  0"}));
}

TEST(DirectRequest, WithBadArgumentsIsNotMade) {
  const Connection connection = some_connection();
  EXPECT_EQ(code_of(save_request(1, Connection{}, {}, kNow)), ErrorCode::invalid_argument);
  for (const bool is_tcp : {false, true}) {
    Ends ends = is_tcp ? tcp_pair() : socket_pair();
    ASSERT_EQ(::shutdown(ends.first.get(), SHUT_WR), 0);
    const Connection shut{.descriptor = Descriptor{ends.first.release()}, .endpoint = "e"};
    EXPECT_EQ(code_of(save_request(1, shut, {}, kNow)), ErrorCode::refused);
  }
  EXPECT_EQ(code_of(save_request(1, connection, {.ttl = milliseconds{0}}, kNow)),
            ErrorCode::invalid_argument);
  const SaveOptions bad_binding{.bindings = {{"d", "", milliseconds{-1}}}};
  EXPECT_EQ(code_of(save_request(1, connection, bad_binding, kNow)), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(bind_request(1, {"d", "", milliseconds{0}}, "e")), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(list_request(1, {.connections = false, .bindings = false}, {})),
            ErrorCode::invalid_argument);
}

TEST(DirectRequest, IsNoLongerThanAFrame) {
  constexpr std::size_t kFieldHeader = 8;
  const std::string fits(direct::kMaxFrame - direct::kHeaderSize - kFieldHeader, 'n');
  EXPECT_TRUE(find_request(1, Tag::endpoint, fits));
  EXPECT_EQ(code_of(find_request(1, Tag::endpoint, fits + 'n')), ErrorCode::too_large);
}

TEST(DirectRequest, BindDropListAndCancelSayWhatTheyAreTold) {
  const auto bind = asked(bind_request(1, {"d", "dp", milliseconds{30}}, "e"));
  EXPECT_EQ(bind.kind, Kind::bind);
  EXPECT_EQ(bind.fields().bytes(Tag::destination), "d");
  EXPECT_EQ(bind.fields().bytes(Tag::endpoint), "e");
  EXPECT_EQ(bind.fields().bytes(Tag::destination_properties), "dp");
  EXPECT_EQ(bind.fields().number(Tag::ttl), 30U);

  const auto drop = asked(drop_request(2, Tag::prefix, ""));
  EXPECT_EQ(drop.kind, Kind::drop);
  EXPECT_TRUE(drop.fields().has(Tag::prefix));

  const auto list = asked(list_request(3, {.bindings = false, .prefix = "a", .page = 10}, "c"));
  EXPECT_EQ(list.kind, Kind::list);
  EXPECT_EQ(list.fields().number(Tag::what), direct::kConnections);
  EXPECT_EQ(list.fields().bytes(Tag::prefix), "a");
  EXPECT_EQ(list.fields().number(Tag::limit), 10U);
  EXPECT_EQ(list.fields().bytes(Tag::cursor), "c");
  EXPECT_FALSE(asked(list_request(3, {}, {})).fields().has(Tag::cursor));
  EXPECT_FALSE(asked(list_request(3, {}, {})).fields().has(Tag::limit));

  EXPECT_EQ(asked(ping_request(4)).kind, Kind::ping);
  EXPECT_EQ(asked(cancel_request(5, 4)).fields().number(Tag::target), 4U);
}

TEST(DirectReply, FoundTellsEverything) {
  const std::string frame = test::found(1, "end");
  Reply found = reply(frame);
  found.descriptor = std::move(test::pipe_pair().first);
  const auto connection = read_found(found, kNow);
  ASSERT_TRUE(connection);
  EXPECT_TRUE(*connection);
  EXPECT_EQ(connection->endpoint, "end");
  EXPECT_EQ(connection->endpoint_properties, "p");
  EXPECT_EQ(connection->id, 7U);
  EXPECT_EQ(connection->uses, 2U);
  EXPECT_EQ(connection->age, milliseconds{5'000});
  EXPECT_EQ(connection->idle, milliseconds{100});
  EXPECT_EQ(connection->found_at, since_boot(kNow));
}

TEST(DirectReply, WithoutADescriptorNothingWasFound) {
  const std::string frame = test::not_found(1);
  Reply none = reply(frame);
  const auto connection = read_found(none, kNow);
  ASSERT_TRUE(connection);
  EXPECT_FALSE(*connection);
}

TEST(DirectReply, NumbersThatDoNotFitAreForEver) {
  const std::string frame = FrameText{Kind::found, 1, true}
                                .put(Tag::age, std::numeric_limits<std::uint64_t>::max())
                                .text();
  Reply found = reply(frame);
  found.descriptor = std::move(test::pipe_pair().first);
  EXPECT_EQ(read_found(found, kNow)->age, milliseconds::max());
}

TEST(DirectReply, SavedBoundAndDroppedTellNumbers) {
  EXPECT_EQ(read_saved(reply(test::saved(1, 12)))->id, 12U);
  const std::string renewed = FrameText{Kind::bound, 1}.put(Tag::renewed, std::uint64_t{1}).text();
  EXPECT_EQ(*read_bound(reply(renewed)), Bound::renewed);
  const std::string created = FrameText{Kind::bound, 1}.put(Tag::renewed, std::uint64_t{0}).text();
  EXPECT_EQ(*read_bound(reply(created)), Bound::created);
  const std::string dropped = FrameText{Kind::dropped, 1}
                                  .put(Tag::connections, std::uint64_t{3})
                                  .put(Tag::bindings, std::uint64_t{4})
                                  .text();
  EXPECT_EQ(read_dropped(reply(dropped))->connections, 3U);
  EXPECT_EQ(read_dropped(reply(dropped))->bindings, 4U);
}

TEST(DirectReply, APageHasEntriesAndPerhapsACursor) {
  FrameText text{Kind::page, 1};
  text.open(Tag::entry)
      .put(Tag::endpoint, std::string_view{"e"})
      .put(Tag::endpoint_properties, std::string_view{"ep"})
      .put(Tag::ttl, std::uint64_t{9})
      .put(Tag::owner, std::uint64_t{1'000})
      .close();
  text.open(Tag::entry)
      .put(Tag::destination, std::string_view{"d"})
      .put(Tag::endpoint, std::string_view{"e"})
      .put(Tag::destination_properties, std::string_view{"dp"})
      .close();
  text.put(Tag::cursor, std::string_view{""});
  const std::string frame = text.text();
  const auto page = read_page(reply(frame));
  ASSERT_TRUE(page);
  ASSERT_EQ(page->entries.size(), 2U);
  EXPECT_EQ(page->entries[0].kind, Entry::Kind::connection);
  EXPECT_EQ(page->entries[0].properties, "ep");
  EXPECT_EQ(page->entries[0].ttl, milliseconds{9});
  EXPECT_EQ(page->entries[0].owner, 1'000U);
  EXPECT_EQ(page->entries[1].kind, Entry::Kind::binding);
  EXPECT_EQ(page->entries[1].destination, "d");
  EXPECT_EQ(page->entries[1].properties, "dp");
  EXPECT_EQ(page->cursor, "");
  EXPECT_FALSE(read_page(reply(test::frame(Kind::page, 1)))->cursor);
}

TEST(DirectReply, StatisticsAndPongTellTexts) {
  FrameText text{Kind::statistics_reply, 1};
  text.open(Tag::statistic)
      .put(Tag::name, std::string_view{"connections"})
      .put(Tag::value, std::uint64_t{5})
      .close();
  const std::string frame = text.text();
  const auto statistics = read_statistics(reply(frame));
  ASSERT_TRUE(statistics);
  ASSERT_EQ(statistics->size(), 1U);
  EXPECT_EQ(statistics->front().name, "connections");
  EXPECT_EQ(statistics->front().value, 5U);
  const std::string pong =
      FrameText{Kind::pong, 1}.put(Tag::server, std::string_view{"scache 1"}).text();
  EXPECT_EQ(*read_pong(reply(pong)), "scache 1");
}

TEST(DirectReply, ErrorsKeepTheirCode) {
  for (int code = 1; code <= 7; ++code) {
    const std::string frame = test::failed(1, static_cast<direct::ErrorCode>(code));
    const auto saved = read_saved(reply(frame));
    EXPECT_EQ(static_cast<int>(code_of(saved)), 100 + code);
    EXPECT_EQ(saved.error().text, "It is so.");
  }
  EXPECT_EQ(code_of(read_pong(reply(test::failed(1, direct::ErrorCode{9})))), ErrorCode::protocol);
  EXPECT_EQ(code_of(read_pong(reply(test::frame(Kind::error, 1)))), ErrorCode::protocol);
  const std::string wordless = FrameText{Kind::error, 1}.put(Tag::code, std::uint64_t{3}).text();
  EXPECT_EQ(read_pong(reply(wordless)).error().text, "full");
}

TEST(DirectReply, OfAnotherKindOrFormIsNone) {
  EXPECT_EQ(code_of(read_saved(reply(test::not_found(1)))), ErrorCode::protocol);
  const std::string bad_number =
      FrameText{Kind::saved, 1}.put(Tag::connection, std::string_view{"four"}).text();
  EXPECT_EQ(code_of(read_saved(reply(bad_number))), ErrorCode::protocol);
  const std::string bad_entry =
      FrameText{Kind::page, 1}.put(Tag::entry, std::string_view{"xx"}).text();
  EXPECT_EQ(code_of(read_page(reply(bad_entry))), ErrorCode::protocol);
  const std::string bad_statistic =
      FrameText{Kind::statistics_reply, 1}.put(Tag::statistic, std::string_view{"xx"}).text();
  EXPECT_EQ(code_of(read_statistics(reply(bad_statistic))), ErrorCode::protocol);
}

}  // namespace
}  // namespace scache::client
