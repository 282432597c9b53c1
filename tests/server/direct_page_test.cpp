#include "server/direct_page.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using direct::Fields;
using direct::Tag;

constexpr Instant kNow{1'000s};

// The one entry of a page, as a client reads it.
std::string entry_text(const Cache::Entry& entry) {
  std::string text;
  direct::FrameWriter frame{text, direct::Kind::page, 1};
  put_entry(frame, entry, kNow);
  frame.end();
  return text;
}

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

TEST(DirectPage, TimesAreWholeMillisecondsAndNeverNegative) {
  EXPECT_EQ(milliseconds(1'999us), 1U);
  EXPECT_EQ(milliseconds(-1ms), 0U);
}

TEST(DirectPage, EachKindOfEntryHasItsFields) {
  const Provenance from{.since = kNow - 5s, .saved = kNow - 2s, .id = 7, .uses = 3, .owner = 100};
  const auto told = [](const std::string& text, auto check) {
    const auto fields = Fields::read(direct::read_frame(text).body);
    ASSERT_TRUE(fields);
    EXPECT_TRUE(fields->each(Tag::entry, [&](const Fields& entry) {
      check(entry);
      return true;
    }));
  };
  told(entry_text({Cache::Entry::Kind::connection, "", "e", "p", kNow + 9s, 1, &from}),
       [](const Fields& entry) {
         EXPECT_FALSE(entry.has(Tag::destination));
         EXPECT_EQ(entry.bytes(Tag::endpoint_properties), "p");
         EXPECT_EQ(entry.number(Tag::ttl), 9'000U);
         EXPECT_EQ(entry.number(Tag::age), 5'000U);
         EXPECT_EQ(entry.number(Tag::idle), 2'000U);
         EXPECT_EQ(entry.number(Tag::owner), 100U);
       });
  told(entry_text({Cache::Entry::Kind::binding, "d", "e", "dp", kNow + 9s, 1, nullptr}),
       [](const Fields& entry) {
         EXPECT_EQ(entry.bytes(Tag::destination), "d");
         EXPECT_EQ(entry.bytes(Tag::destination_properties), "dp");
         EXPECT_FALSE(entry.has(Tag::connection));
       });
}

}  // namespace
}  // namespace scache::server
