// SPDX-License-Identifier: Apache-2.0
#include "ctl/text.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/glob.hpp"

namespace scache::ctl {
namespace {

using namespace std::string_literals;
using namespace std::chrono_literals;

TEST(Text, ShowsOnlyPrintableAscii) {
  EXPECT_EQ(show_bytes("smtp:[2001:db8::1]:25"), "smtp:[2001:db8::1]:25");
  EXPECT_EQ(show_bytes("smtp\n\\\t\x1b[1m\0\x7f\xc3\xa4"s),
            "smtp\\n\\\\\\t\\x1b[1m\\x00\\x7f\\xc3\\xa4");
}

TEST(Text, WhatIsShownCanBeGivenBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(read_bytes(show_bytes(all)), all);
}

TEST(Text, ABackslashHasAMeaning) {
  EXPECT_EQ(read_bytes("\\x0A\\xff"), "\n\xff");
  for (const char* text : {"\\", "\\a", "\\*", "\\x", "\\x1", "\\xg1", "\\x-1", "\\N"}) {
    EXPECT_EQ(read_bytes(text), std::nullopt) << text;
  }
}

TEST(Text, APatternKeepsItsBackslashes) {
  EXPECT_EQ(read_pattern("a\\*b\\?*"), "a\\*b\\?*");
  EXPECT_EQ(read_pattern("smtp\\n*"), "smtp\n*");
  EXPECT_EQ(read_pattern("\\a"), std::nullopt);
  EXPECT_EQ(read_pattern("\\"), std::nullopt);
}

TEST(Text, APatternOfShownBytesMatchesOnlyThem) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    if (byte != '*' && byte != '?') all += static_cast<char>(byte);
  }
  const auto pattern = read_pattern(show_bytes(all));
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(glob_matches(*pattern, all));
  EXPECT_EQ(literal_prefix(*pattern), all);
  EXPECT_FALSE(glob_matches(read_pattern("\\x2a").value(), "x"));
}

TEST(Text, APrefixEndsWhereAPatternIsAny) {
  EXPECT_EQ(literal_prefix("smtp:*:25"), "smtp:");
  EXPECT_EQ(literal_prefix("ab?c"), "ab");
  EXPECT_EQ(literal_prefix("a\\*b\\\\c*"), "a*b\\c");
  EXPECT_EQ(literal_prefix("a\\"), "a");
  EXPECT_EQ(literal_prefix("*"), "");
}

TEST(Text, ATimeHasTwoUnitsAtTheMost) {
  EXPECT_EQ(show_time(0ms), "0ms");
  EXPECT_EQ(show_time(999ms), "999ms");
  EXPECT_EQ(show_time(1000ms), "1.0s");
  EXPECT_EQ(show_time(59'999ms), "59.9s");
  EXPECT_EQ(show_time(60s), "1m00s");
  EXPECT_EQ(show_time(3599s), "59m59s");
  EXPECT_EQ(show_time(1h + 5min), "1h05m");
  EXPECT_EQ(show_time(50h), "2d02h");
}

}  // namespace
}  // namespace scache::ctl
