// SPDX-License-Identifier: Apache-2.0
#include "health/goodbye.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

#include "support/rooms.hpp"

namespace scache::health {
namespace {

using namespace std::string_view_literals;

TEST(GoodbyeTest, OfEachProtocolIsKnown) {
  for (const char* protocol : {"smtp", "lmtp", "redis", "ftp", "pop3", "nntp"}) {
    EXPECT_EQ(goodbye_of(protocol), "QUIT\r\n") << protocol;
  }
  EXPECT_EQ(goodbye_of("imap"), "scache LOGOUT\r\n");
  EXPECT_EQ(goodbye_of("postgresql"), "X\0\0\0\x04"sv);
  EXPECT_EQ(goodbye_of("mysql"), "\x01\0\0\0\x01"sv);
  EXPECT_EQ(known_goodbyes().size(), 9U);
}

TEST(GoodbyeTest, OfOthersIsNot) {
  for (const char* protocol : {"", "SMTP", "smtps", "http"}) {
    EXPECT_FALSE(goodbye_of(protocol)) << protocol;
  }
}

TEST(GoodbyeTest, EachIsShortAndInItsPlace) {
  EXPECT_TRUE(std::ranges::is_sorted(known_goodbyes(), {}, &KnownGoodbye::protocol));
  for (const KnownGoodbye& known : known_goodbyes()) {
    EXPECT_LE(known.bytes.size(), Goodbye::kMaxBytes);
    EXPECT_FALSE(known.bytes.empty());
  }
}

}  // namespace
}  // namespace scache::health
