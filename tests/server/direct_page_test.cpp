// SPDX-License-Identifier: Apache-2.0
#include "server/direct_page.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

namespace scache::server {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow{1'000s};

TEST(DirectPage, ACursorLeadsToItsPlace) {
  const Position place{kNow + 1ns, 77};
  const auto cursor = cursor_of(place);
  const Position back = place_of({cursor.data(), cursor.size()});
  EXPECT_EQ(back.deadline, place.deadline);
  EXPECT_EQ(back.filing, place.filing);
}

TEST(DirectPage, WhatIsNoCursorLeadsToTheBeginning) {
  for (const std::string_view text : {"", "fifteen letters", "seventeen letters"}) {
    EXPECT_EQ(place_of(text).deadline, Cache::kBeginning.deadline);
  }
}

TEST(DirectPage, AConnectionIsListedWithItsHistory) {
  const Provenance from{.since = kNow - 5s, .saved = kNow - 2s, .id = 7, .uses = 3, .owner = 100};
  const direct::EntryReply reply =
      reply_of(ConnectionRecord{"e", "p", kNow + 8'999'999us, 1, -1, from}, kNow);
  EXPECT_FALSE(reply.destination);
  EXPECT_EQ(reply.endpoint, "e");
  EXPECT_EQ(reply.properties, "p");
  // Whole milliseconds.
  EXPECT_EQ(reply.ttl, 8'999ms);
  EXPECT_EQ(reply.connection, 7U);
  EXPECT_EQ(reply.uses, 3U);
  EXPECT_EQ(reply.age, 5s);
  EXPECT_EQ(reply.idle, 2s);
  EXPECT_EQ(reply.owner, 100U);
}

TEST(DirectPage, ABindingIsListedWithItsDestination) {
  const direct::EntryReply reply = reply_of(BindingRecord{"d", "dp", "e", kNow + 9s, 1}, kNow);
  EXPECT_EQ(reply.destination, "d");
  EXPECT_EQ(reply.endpoint, "e");
  EXPECT_EQ(reply.properties, "dp");
  EXPECT_EQ(reply.ttl, 9s);
}

}  // namespace
}  // namespace scache::server
