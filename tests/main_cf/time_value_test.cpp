// SPDX-License-Identifier: Apache-2.0
#include "main_cf/time_value.hpp"

#include <gtest/gtest.h>

namespace scache::main_cf {
namespace {

using std::chrono::seconds;

TEST(TimeValue, KnowsItsUnits) {
  EXPECT_EQ(parse_time("5s", 'd'), seconds{5});
  EXPECT_EQ(parse_time("5m", 's'), seconds{5 * 60});
  EXPECT_EQ(parse_time("5h", 's'), seconds{5 * 3600});
  EXPECT_EQ(parse_time("5d", 's'), seconds{5 * 86400});
  EXPECT_EQ(parse_time("5w", 's'), seconds{5 * 7 * 86400});
}

TEST(TimeValue, TakesTheDefaultUnitForABareNumber) {
  EXPECT_EQ(parse_time("5", 's'), seconds{5});
  EXPECT_EQ(parse_time("5", 'h'), seconds{5 * 3600});
  EXPECT_EQ(parse_time("5", 'x'), std::nullopt);
}

TEST(TimeValue, LooksAtTheFirstLetterOnly) {
  EXPECT_EQ(parse_time("5spam", 's'), seconds{5});
  EXPECT_EQ(parse_time("1h30", 's'), seconds{3600});
}

TEST(TimeValue, ReadsDecimalNumbersWithSignsAndLeadingBlanks) {
  EXPECT_EQ(parse_time("010", 's'), seconds{10});
  EXPECT_EQ(parse_time(" +5", 's'), seconds{5});
  EXPECT_EQ(parse_time("-0", 's'), seconds{0});
}

TEST(TimeValue, TakesNoDigitsForZero) {
  EXPECT_EQ(parse_time("soon", 'd'), seconds{0});
  EXPECT_EQ(parse_time("-", 's'), std::nullopt);
}

TEST(TimeValue, RefusesWhatIsNoTime) {
  for (const char* text : {"", "-1", "-1s", "5x", "5.5", "2,5", "1 s", "5 ", "1S", "1H", "0x10",
                           "often", "99999999999999999999"}) {
    EXPECT_EQ(parse_time(text, 's'), std::nullopt) << text;
  }
}

TEST(TimeValue, FitsAnInt) {
  EXPECT_EQ(parse_time("2147483647", 's'), seconds{2147483647});
  EXPECT_EQ(parse_time("2147483648", 's'), std::nullopt);
  EXPECT_EQ(parse_time("35791393m", 's'), seconds{35791393L * 60});
  EXPECT_EQ(parse_time("35791394m", 's'), std::nullopt);
  EXPECT_EQ(parse_time("3549w", 's'), seconds{3549L * 604800});
  EXPECT_EQ(parse_time("3550w", 's'), std::nullopt);
}

}  // namespace
}  // namespace scache::main_cf
