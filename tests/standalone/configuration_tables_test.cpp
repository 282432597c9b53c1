// SPDX-License-Identifier: Apache-2.0
#include "standalone/configuration_tables.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "standalone/configuration_texts.hpp"

namespace scache::standalone {
namespace {

using ::testing::ElementsAre;

TEST(ConfigurationTables, OfHandingOut) {
  const Configuration all = read(
      "[[hand_out]]\nendpoint = 'a*'\nfirst = 'newest'\n"
      "[[hand_out]]\nendpoint = 'b*'\nfirst = 'oldest'\nallow_input = true\nmax_age = '30m'\n"
      "max_uses = 1000\n"
      "[[hand_out]]\nallow_input = false\nendpoint = '*'\n");
  ASSERT_EQ(all.hand_outs.size(), 3u);
  EXPECT_EQ(all.hand_outs[0].endpoint, "a*");
  EXPECT_TRUE(all.hand_outs[0].hand_out.newest_first);
  EXPECT_FALSE(all.hand_outs[0].hand_out.allow_input);
  EXPECT_FALSE(all.hand_outs[1].hand_out.newest_first);
  EXPECT_TRUE(all.hand_outs[1].hand_out.allow_input);
  EXPECT_EQ(all.hand_outs[1].hand_out.max_age, std::chrono::minutes{30});
  EXPECT_EQ(all.hand_outs[1].hand_out.max_uses, 1'000u);
  EXPECT_EQ(all.hand_outs[0].hand_out.max_age, Duration{});
  EXPECT_EQ(all.hand_outs[0].hand_out.max_uses, 0u);
  EXPECT_FALSE(all.hand_outs[2].hand_out.newest_first);
  EXPECT_FALSE(all.hand_outs[2].hand_out.allow_input);
}

TEST(ConfigurationTables, OfHandingOutThatAreWrong) {
  const std::string pattern = "hand_out.endpoint must be a pattern such as \"smtp*\"";
  const std::string order = "hand_out.first must be one of \"oldest\", \"newest\"";
  const std::string tables = "hand_out must be an array of tables, each written [[hand_out]]";
  EXPECT_THAT(complaints("[[hand_out]]\nfirst = 'newest'\n"), ElementsAre("f:1:1: " + pattern));
  EXPECT_THAT(complaints("[[hand_out]]\nendpoint = 5\n"), ElementsAre("f:2:12: " + pattern));
  EXPECT_THAT(complaints("[[hand_out]]\nendpoint = '*'\nallow_input = 'yes'\n"),
              ElementsAre("f:3:15: hand_out.allow_input must be true or false"));
  EXPECT_THAT(complaints("[[hand_out]]\nendpoint = '*'\nfirst = 'last'\n"),
              ElementsAre("f:3:9: " + order));
  EXPECT_THAT(complaints("[[hand_out]]\nendpoint = '*'\nfirst = 1\nlast = 2\n"),
              ElementsAre("f:3:9: " + order, "f:4:1: unknown key hand_out.last"));
  EXPECT_THAT(complaints("[[hand_out]]\nendpoint = '*'\nmax_age = 5\nmax_uses = -1\n"),
              ElementsAre("f:3:11: hand_out.max_age must be a time such as \"100ms\", \"30s\", "
                          "\"5m\"",
                          "f:4:12: hand_out.max_uses must be 0 or more"));
  EXPECT_THAT(complaints("[[hand_out]]\nendpoint = '*'\nmax_age = '366d'\nmax_uses = '5'\n"),
              ElementsAre("f:3:11: hand_out.max_age must be from 0s to 365d",
                          "f:4:12: hand_out.max_uses must be a whole number"));
  EXPECT_THAT(complaints("hand_out = 5\n"), ElementsAre("f:1:12: " + tables));
  EXPECT_THAT(complaints("hand_out = [5]\n"), ElementsAre("f:1:13: " + tables));
}

TEST(ConfigurationTables, OfGrants) {
  const Configuration all = read(
      "[[grant]]\nusers = ['app', 7]\n"
      "[[grant]]\ngroups = ['apps']\nrequests = ['find', 'statistics']\nnames = ['a*', 'b']\n");
  ASSERT_EQ(all.grants.size(), 2u);
  ASSERT_EQ(all.grants[0].users.size(), 2u);
  EXPECT_EQ(all.grants[0].users[0].number, 600u);
  EXPECT_EQ(all.grants[0].users[1].number, 7u);
  EXPECT_TRUE(all.grants[0].actions.has(Action::drop));
  EXPECT_THAT(all.grants[0].names, ElementsAre("*"));
  EXPECT_EQ(all.grants[1].groups[0].number, 70u);
  EXPECT_TRUE(all.grants[1].actions.has(Action::find));
  EXPECT_TRUE(all.grants[1].actions.has(Action::statistics));
  EXPECT_FALSE(all.grants[1].actions.has(Action::save));
  EXPECT_THAT(all.grants[1].names, ElementsAre("a*", "b"));
}

TEST(ConfigurationTables, OfGrantsThatAreWrong) {
  const std::string requests =
      "grant.requests must be a list of \"save\", \"find\", \"list\", \"drop\", \"statistics\"";
  const std::string names = "grant.names must be a list of patterns such as \"redis:*\"";
  const std::string tables = "grant must be an array of tables, each written [[grant]]";
  EXPECT_THAT(complaints("[[grant]]\nnames = ['a']\n"),
              ElementsAre("f:1:1: a [[grant]] needs users or groups"));
  for (const char* value : {"'find'", "[]"}) {
    EXPECT_THAT(complaints("[[grant]]\nusers = [1]\nrequests = " + std::string{value}),
                ElementsAre("f:3:12: " + requests));
    EXPECT_THAT(complaints("[[grant]]\nusers = [1]\nnames = " + std::string{value}),
                ElementsAre("f:3:9: " + names));
  }
  EXPECT_THAT(complaints("[[grant]]\nusers = [1]\nrequests = ['find', 'take', 5]\n"),
              ElementsAre("f:3:21: " + requests, "f:3:29: " + requests));
  EXPECT_THAT(complaints("[[grant]]\nusers = [1]\nnames = [5]\n"), ElementsAre("f:3:10: " + names));
  EXPECT_THAT(complaints("[[grant]]\nusers = ['nobody']\ngroups = 5\nallow = 1\n"),
              ElementsAre("f:2:10: grant.users: unknown user \"nobody\"",
                          "f:3:10: grant.groups must be a list of groups",
                          "f:4:1: unknown key grant.allow"));
  EXPECT_THAT(complaints("grant = 5\n"), ElementsAre("f:1:9: " + tables));
  EXPECT_THAT(complaints("[grant]\nusers = [1]\n"), ElementsAre("f:1:1: " + tables));
}

TEST(ConfigurationTables, AreShownAsTheyAreRead) {
  const std::string text =
      "\n[[grant]]\nusers = [\"app\", 7]\ngroups = []\nrequests = [\"find\", \"drop\"]\n"
      "names = [\"a\\\\*\"]\n\n[[hand_out]]\nendpoint = \"e\"\nfirst = \"newest\"\n"
      "allow_input = true\nmax_age = \"30m\"\nmax_uses = 1000\n";
  const Configuration all = read(text);
  std::string shown;
  for (const TableArray& array : configuration_tables({})) shown += array.show(all);
  EXPECT_EQ(shown, text);
}

}  // namespace
}  // namespace scache::standalone
