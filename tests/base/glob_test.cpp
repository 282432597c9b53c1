// SPDX-License-Identifier: Apache-2.0
#include "base/glob.hpp"

#include <gtest/gtest.h>

#include <string>

namespace scache::base {
namespace {

using namespace std::string_view_literals;

TEST(Glob, WithoutSignsIsTheNameItself) {
  EXPECT_TRUE(glob_matches("", ""));
  EXPECT_TRUE(glob_matches("smtp", "smtp"));
  EXPECT_FALSE(glob_matches("smtp", "smtps"));
  EXPECT_FALSE(glob_matches("smtp", "smt"));
  EXPECT_FALSE(glob_matches("", "a"));
  EXPECT_FALSE(glob_matches("a", ""));
}

TEST(Glob, AStarStandsForAnyBytes) {
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("*", "a\nb\0c"sv));
  EXPECT_TRUE(glob_matches("a*", "a"));
  EXPECT_TRUE(glob_matches("*:5432", "db.test:5432"));
  EXPECT_FALSE(glob_matches("*:5432", "db.test:54321"));
  EXPECT_TRUE(glob_matches("a*b*c", "abbbxbc"));
  EXPECT_FALSE(glob_matches("a*b*c", "accc"));
  EXPECT_TRUE(glob_matches("a**b", "ab"));
  EXPECT_TRUE(glob_matches("*ab", "aaab"));
  EXPECT_FALSE(glob_matches("*ab", "aaabx"));
}

TEST(Glob, AQuestionMarkStandsForOneByte) {
  EXPECT_TRUE(glob_matches("mx?.test", "mx1.test"));
  EXPECT_TRUE(glob_matches("?", "\0"sv));
  EXPECT_FALSE(glob_matches("?", ""));
  EXPECT_FALSE(glob_matches("mx?", "mx"));
  EXPECT_TRUE(glob_matches("*?b", "aab"));
}

TEST(Glob, ABackslashTakesAMeaningAway) {
  EXPECT_TRUE(glob_matches(R"(a\*)", "a*"));
  EXPECT_FALSE(glob_matches(R"(a\*)", "ab"));
  EXPECT_TRUE(glob_matches(R"(\?)", "?"));
  EXPECT_FALSE(glob_matches(R"(\?)", "x"));
  EXPECT_TRUE(glob_matches(R"(\\)", R"(\)"));
  EXPECT_TRUE(glob_matches(R"(*\*)", "xx*"));
  // A backslash at the end matches nothing.
  EXPECT_FALSE(glob_matches(R"(a\)", "a"));
  EXPECT_FALSE(glob_matches(R"(a\)", R"(a\)"));
}

TEST(Glob, TakesBoundedTime) {
  const std::string name(16'384, 'a');
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "*a";
  EXPECT_FALSE(glob_matches(pattern + "b", name));
  EXPECT_TRUE(glob_matches(pattern, name));
}

}  // namespace
}  // namespace scache::base
