// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/direct_fixture.hpp"
#include "server/direct_session.hpp"

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using namespace test;
using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST_F(DirectSessionTest, AListTellsEntriesInPages) {
  talk.ask(save_frame(1, "e1", {{Tag::ttl, 10'000}}), {tcp.first.get()});
  talk.ask(save_frame(2, "e2", {{Tag::ttl, 20'000}}), {tcp.first.get()});
  talk.ask(bind_frame(3, "e-dest", "x"));
  talk.ask(bind_frame(4, "other", "x"));
  clock.advance(1s);
  std::vector<std::string> names;
  std::string cursor;
  for (int page = 0; page < 10; ++page) {
    Texts fields{{Tag::prefix, "e"}};
    if (page > 0) fields.push_back({Tag::cursor, cursor});
    const Reply reply = talk.ask(frame(Kind::list, 5, fields, {{Tag::limit, 1}}));
    EXPECT_EQ(reply.kind, Kind::page);
    reply.fields().each(Tag::entry, [&](const direct::Fields& entry) {
      const bool binding = entry.has(Tag::destination);
      names.emplace_back(entry.bytes(binding ? Tag::destination : Tag::endpoint));
      if (!binding) {
        EXPECT_EQ(entry.number(Tag::owner), kUser);
        EXPECT_EQ(entry.number(Tag::idle), 1'000u);
        EXPECT_EQ(entry.number(Tag::ttl), names.size() * 10'000 - 1'000);
      }
      return true;
    });
    if (!reply.fields().has(Tag::cursor)) break;
    cursor = reply.text(Tag::cursor);
  }
  EXPECT_THAT(names, ElementsAre("e1", "e2", "e-dest"));
}

TEST_F(DirectSessionTest, AListMayBeOfOneKindOnly) {
  talk.ask(save_frame(1, "e"), {tcp.first.get()});
  talk.ask(bind_frame(2, "d", "e"));
  const auto count = [&](std::uint64_t what) {
    int entries = 0;
    talk.ask(frame(Kind::list, 3, {}, {{Tag::what, what}}))
        .fields()
        .each(Tag::entry, [&](const direct::Fields&) { return ++entries > 0; });
    return entries;
  };
  EXPECT_EQ(count(direct::kConnections), 1);
  EXPECT_EQ(count(direct::kBindings), 1);
  EXPECT_EQ(count(direct::kConnections | direct::kBindings), 2);
}

TEST_F(DirectSessionTest, APageEndsAtItsLimits) {
  for (std::size_t i = 0; i <= DirectRequests::kEntriesOfPage; ++i) {
    service.save(caller, SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
  }
  std::size_t entries = 0;
  const auto count = [&](const direct::Fields&) { return ++entries > 0; };
  Reply page = talk.ask(frame(Kind::list, 1));
  page.fields().each(Tag::entry, count);
  EXPECT_EQ(entries, DirectRequests::kEntriesOfPage);
  entries = 0;
  page = talk.ask(frame(Kind::list, 2, {{Tag::cursor, page.text(Tag::cursor)}}));
  page.fields().each(Tag::entry, count);
  EXPECT_EQ(entries, 1u);
  EXPECT_FALSE(page.fields().has(Tag::cursor));
}

TEST_F(DirectSessionTest, APageOfLargeEntriesEndsEarly) {
  const std::string large(policy.limits.properties, 'x');
  for (const char* destination : {"a", "b", "c"}) {
    service.save(caller, SaveDestination{10s, destination, large, "e"}, clock.now());
  }
  std::size_t entries = 0;
  const Reply page = talk.ask(frame(Kind::list, 1));
  page.fields().each(Tag::entry, [&](const direct::Fields&) { return ++entries > 0; });
  EXPECT_EQ(entries, 1u);
  EXPECT_TRUE(page.fields().has(Tag::cursor));
}

}  // namespace
}  // namespace scache::server
