// SPDX-License-Identifier: Apache-2.0
#include "base/duration_text.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace scache::base {
namespace {

using namespace std::chrono_literals;

TEST(DurationText, IsANumberAndAUnit) {
  EXPECT_EQ(parse_duration("100ms"), 100ms);
  EXPECT_EQ(parse_duration("30s"), 30s);
  EXPECT_EQ(parse_duration("5m"), 5min);
  EXPECT_EQ(parse_duration("2h"), 2h);
  EXPECT_EQ(parse_duration("7d"), 7 * 24h);
  EXPECT_EQ(parse_duration("0s"), 0s);
  EXPECT_EQ(parse_duration("007s"), 7s);
}

TEST(DurationText, IsNothingElse) {
  for (const char* text : {"", "30", "s", "-1s", "+1s", " 1s", "1 s", "1s ", "1.5s", "1S", "1us",
                           "1h30m", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(DurationText, IsNoLongerThanADurationCanBe) {
  // 2^63 nanoseconds and a bit less.
  EXPECT_EQ(parse_duration("106751d"), 106'751 * 24h);
  EXPECT_FALSE(parse_duration("106752d"));
  EXPECT_EQ(parse_duration("9223372036854ms"), 9'223'372'036'854ms);
  EXPECT_FALSE(parse_duration("9223372036855ms"));
}

TEST(DurationText, IsShownInTheLargestUnitThatFits) {
  EXPECT_EQ(show_duration(100ms), "100ms");
  EXPECT_EQ(show_duration(30s), "30s");
  EXPECT_EQ(show_duration(90s), "90s");
  EXPECT_EQ(show_duration(300s), "5m");
  EXPECT_EQ(show_duration(3'600s), "1h");
  EXPECT_EQ(show_duration(24h), "1d");
  EXPECT_EQ(show_duration(1'500ms), "1500ms");
  EXPECT_EQ(show_duration(0s), "0s");
}

}  // namespace
}  // namespace scache::base
