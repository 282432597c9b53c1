// SPDX-License-Identifier: Apache-2.0
#include "main_cf/expand.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "main_cf/settings.hpp"
#include "support/recording_log.hpp"

namespace scache::main_cf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kFailed = "dictionary mail_dict: macro processing error";

class Expand : public ::testing::Test {
 protected:
  Expand() {
    settings_.set("name", "value");
    settings_.set("empty", "");
    settings_.set("seven", "7");
    settings_.set("outer", "<$name>");
    settings_.set("price", "$$name");
  }

  Result<std::string> try_it(std::string_view text) {
    return expand(text, [this](std::string_view name) { return settings_.find(name); }, log_);
  }
  // The text expanded, or the error between brackets.
  std::string expanded(std::string_view text) {
    const auto result = try_it(text);
    return result ? *result : '[' + result.error().text + ']';
  }
  // The one warning that `text` causes.
  std::string warning(std::string_view text) {
    log_.take();
    EXPECT_EQ(try_it(text).error().text, kFailed);
    const test::Lines lines = log_.take();
    constexpr std::string_view kPrefix = "warning: ";
    const bool is_one = lines.size() == 1 && lines.front().starts_with(kPrefix);
    return is_one ? lines.front().substr(kPrefix.size()) : fmt::format("{} lines", lines.size());
  }

  Settings settings_;
  test::RecordingLog log_;
};

TEST_F(Expand, ReplacesNamesInAllThreeSpellings) {
  EXPECT_EQ(expanded("a $name ${name} $(name) ${ name } b"), "a value value value value b");
  EXPECT_EQ(expanded("$name.$name-$names"), "value.value-");
  EXPECT_EQ(expanded("no dollar"), "no dollar");
  EXPECT_EQ(expanded(""), "");
}

TEST_F(Expand, ReplacesWhatNobodyHasSetByNothing) {
  EXPECT_EQ(expanded("<$nobody>"), "<>");
}

TEST_F(Expand, ExpandsValuesInTurn) {
  EXPECT_EQ(expanded("$outer"), "<value>");
}

TEST_F(Expand, TakesTwoDollarsForOneAndLeavesItAlone) {
  EXPECT_EQ(expanded("$$name $$$name"), "$name $value");
  EXPECT_EQ(expanded("$price"), "$name");
}

TEST_F(Expand, TakesTheFirstResultWhereThereIsAValue) {
  EXPECT_EQ(expanded("${name?yes}${empty?yes}${nobody?yes}"), "yes");
  EXPECT_EQ(expanded("${name?<$name>}"), "<value>");
}

TEST_F(Expand, TakesTheSecondResultWhereThereIsNoValue) {
  EXPECT_EQ(expanded("${name:no}${empty:no}${nobody:no}"), "nono");
}

TEST_F(Expand, ChoosesBetweenTwoResultsInBraces) {
  EXPECT_EQ(expanded("${name?{yes}:{no}} ${empty ? {yes} : {no}} ${empty?{yes}:no}"), "yes no no");
  EXPECT_EQ(expanded("${name?{a{b}c}:{}}"), "a{b}c");
}

TEST_F(Expand, TakesAResultWithoutBracesToTheEnd) {
  EXPECT_EQ(expanded("${name?yes:no}"), "yes:no");
  EXPECT_EQ(expanded("${name? yes }"), " yes ");
}

TEST_F(Expand, ExpandsOnlyTheResultThatIsChosen) {
  EXPECT_EQ(expanded("${empty?{${bad!}}:{no}}"), "no");
  EXPECT_THAT(log_.take(), IsEmpty());
}

TEST_F(Expand, ComparesNumbersAsNumbersAndTheRestByteByByte) {
  EXPECT_EQ(expanded("${{10} > {9} ? {yes} : {no}}"), "yes");
  EXPECT_EQ(expanded("${{10} > {9x} ? {yes} : {no}}"), "no");
  EXPECT_EQ(expanded("${{007} == {$seven} ? {yes} : {no}}"), "yes");
  EXPECT_EQ(expanded("${{\xff} > {z} ? {yes} : {no}}"), "yes");
}

TEST_F(Expand, KnowsSixOperators) {
  for (const auto& [name, truth] :
       std::initializer_list<std::pair<const char*, const char*>>{{"==", "no yes no"},
                                                                  {"!=", "yes no yes"},
                                                                  {"<", "yes no no"},
                                                                  {"<=", "yes yes no"},
                                                                  {">=", "no yes yes"},
                                                                  {">", "no no yes"}}) {
    std::string text;
    for (const char* left : {"a", "b", "c"}) {
      if (!text.empty()) text += ' ';
      text += fmt::format("${{{{{}}} {} {{b}} ? {{yes}} : {{no}}}}", left, name);
    }
    EXPECT_EQ(expanded(text), truth) << text;
  }
}

TEST_F(Expand, ComparesCompatibilityLevels) {
  EXPECT_EQ(expanded("${{3.10} >level {3.9} ? {yes} : {no}}"), "yes");
  EXPECT_EQ(expanded("${{3.10} > {3.9} ? {yes} : {no}}"), "no");
}

TEST_F(Expand, ShowsAComparisonWithoutAChoiceAsTrueOrNothing) {
  EXPECT_EQ(expanded("<${{a} == {a}}> <${{a} == {b}}>"), "<true> <>");
}

TEST_F(Expand, SaysWhatIsWrong) {
  EXPECT_EQ(warning("a${name"), "truncated macro reference: \"a${name\"");
  EXPECT_EQ(warning("a$ b"), "empty macro name: \"a$ b\"");
  EXPECT_EQ(warning("${}"), "empty macro name: \"${}\"");
  EXPECT_EQ(warning("${na-me}"), "attribute name syntax error at: \"...na>>>-me\"");
  EXPECT_EQ(warning("${name?{a}b}"), "\":\" expected at: \"...a}>>>b\"");
  EXPECT_EQ(warning("${name:{a}b}"), "unexpected input at: \"...a}>>>b\"");
  EXPECT_EQ(warning("$(name?{a)"), "unbalanced {} in attribute expression: \"{a\"");
  EXPECT_EQ(warning("$(name?{a}:{b)"), "unbalanced {} in attribute expression: \"{b\"");
  EXPECT_EQ(warning("$({a)"), "unbalanced {} in attribute expression: \"{a\"");
  EXPECT_EQ(warning("$({a} == {b)"), "unbalanced {} in attribute expression: \"{b\"");
  EXPECT_EQ(warning("${{a} == {a} b}"), "\"?\" or \":\" expected at: \"...}>>>b\"");
  EXPECT_EQ(warning("${{a} ==x {b}}"), "bad operator suffix at: \"...==>>>x\"");
  EXPECT_EQ(warning("${{a} == b}"), "\"{expression}\" expected at: \"...{a} ==>>> b\"");
  EXPECT_EQ(warning("${{1.} <level {2}}"), "malformed compatibility level syntax: \"1.\"");
  EXPECT_EQ(warning("${{a} =~ {b}}"),
            "\"==\" or \"!=\"\" or \"<\"\" or \"<=\"\" or \">=\"\" or \">\" "
            "expected at: \"...a}>>>=~ {b}\"");
}

TEST_F(Expand, LooksForASecondMistakeBehindTheFirst) {
  EXPECT_EQ(expanded("${a!} $name $-"), '[' + std::string{kFailed} + ']');
  EXPECT_THAT(log_.take(), ElementsAre("warning: attribute name syntax error at: \"...a>>>!\"",
                                       "warning: empty macro name: \"${a!} $name $-\""));
}

TEST_F(Expand, StopsAtANumberThatIsTooLarge) {
  EXPECT_EQ(expanded("${{9223372036854775807} > {1}}"), "true");
  EXPECT_EQ(expanded("${{9223372036854775808} > {1}} $-"),
            "[mac_exp_eval: bad conversion: 9223372036854775808]");
}

TEST_F(Expand, EndsARecursion) {
  settings_.set("self", "$self");
  EXPECT_EQ(warning("$self"), "unreasonable macro call nesting: \"self\"");
}

TEST_F(Expand, EndsARecursionThroughAComparison) {
  settings_.set("self", "${{$self} == {a}}");
  EXPECT_THAT(warning("$self"), HasSubstr("unreasonable macro call nesting: "));
}

TEST_F(Expand, GoesAsDeepAsTheLimitAndNoDeeper) {
  // The literal inside the last reference is a level too.
  for (int i = 0; i < kMaxExpansionDepth; ++i) {
    settings_.set(fmt::format("n{}", i), fmt::format("$n{}", i + 1));
  }
  settings_.set(fmt::format("n{}", kMaxExpansionDepth), "x");
  EXPECT_EQ(expanded("$n2"), "x");
  EXPECT_EQ(warning("$n1"), "unreasonable macro call nesting: \"x\"");
}

TEST_F(Expand, GrowsAsLongAsTheLimitAndNoLonger) {
  settings_.set("half", std::string(kMaxExpandedBytes / 2, 'x'));
  EXPECT_EQ(expanded("$half$half").size(), kMaxExpandedBytes);
  EXPECT_THAT(warning("$half${half}x"), HasSubstr("more than 1048576 bytes long"));
}

TEST_F(Expand, DoesAsMuchWorkAsTheLimitAllows) {
  // Sixteen bytes of text, then the same value fifteen times, whose result is empty.
  settings_.set("work", "${empty?" + std::string(1024 * 1024 - 9, 'x') + '}');
  std::string text;
  for (int i = 0; i < 15; ++i) text += "$work";
  EXPECT_EQ(expanded(text), "");
  EXPECT_THAT(warning(text + "$work"), HasSubstr("more than 16777216 bytes read"));
}

}  // namespace
}  // namespace scache::main_cf
