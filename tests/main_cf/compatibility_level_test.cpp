// SPDX-License-Identifier: Apache-2.0
#include "main_cf/compatibility_level.hpp"

#include <gtest/gtest.h>

namespace scache::main_cf {
namespace {

TEST(CompatibilityLevel, OrdersLevels) {
  EXPECT_LT(parse_compatibility_level("0"), parse_compatibility_level("1"));
  EXPECT_LT(parse_compatibility_level("2"), parse_compatibility_level("3.6"));
  EXPECT_LT(parse_compatibility_level("3.6"), parse_compatibility_level("3.10"));
  EXPECT_LT(parse_compatibility_level("3.6"), parse_compatibility_level("3.6.1"));
  EXPECT_EQ(parse_compatibility_level("3"), parse_compatibility_level("3.0.0"));
}

TEST(CompatibilityLevel, TakesMinorAndPatchLevelsUpTo1023) {
  EXPECT_TRUE(parse_compatibility_level("1.1023.1023"));
  EXPECT_FALSE(parse_compatibility_level("1.1024"));
  EXPECT_FALSE(parse_compatibility_level("1.0.1024"));
  EXPECT_TRUE(parse_compatibility_level("8796093022207"));
  EXPECT_FALSE(parse_compatibility_level("8796093022208"));
}

TEST(CompatibilityLevel, RefusesWhatIsNone) {
  for (const char* text : {"", "x", "3.", ".6", "3.6x", "3.6.", "1.2.3.4", "-1", "3.-1", "3 "}) {
    EXPECT_FALSE(parse_compatibility_level(text)) << text;
  }
}

}  // namespace
}  // namespace scache::main_cf
