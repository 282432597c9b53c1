// SPDX-License-Identifier: Apache-2.0
#include "ctl/master_cf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace scache::ctl {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kLine = "scache    unix  -       -       y       -       1       scache\n";

TEST(MasterCf, ALineOfScacheHasEightWordsOrMore) {
  EXPECT_THAT(service_line(kLine),
              ElementsAre("scache", "unix", "-", "-", "y", "-", "1", "scache"));
  EXPECT_EQ(service_line("scache unix - - y - 1 a/scache -v -o max_idle=1s").size(), 11U);
  EXPECT_THAT(service_line(""), IsEmpty());
  EXPECT_THAT(service_line("scache unix - - y - 1"), IsEmpty());
  EXPECT_THAT(service_line("scache inet - - y - 1 scache"), IsEmpty());
  EXPECT_THAT(service_line("smtp unix - - y - 1 smtp"), IsEmpty());
}

TEST(MasterCf, ACommentBecomesALineAgain) {
  const std::string before = "smtp unix - - y - - smtp\n";
  const std::string after = "#other unix - - y - 1 other\n";
  const auto changed = uncommented(before + "#" + kLine + after);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->text, before + kLine + after);
  EXPECT_EQ(changed->line[4], "y");
}

TEST(MasterCf, WithTheLinesThatContinueIt) {
  const auto changed =
      uncommented("#scache unix - - n - 1 scache\n#  -o x=1\n#\t-v\n# a comment\n");
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->text, "scache unix - - n - 1 scache\n  -o x=1\n\t-v\n# a comment\n");
  EXPECT_EQ(uncommented("#scache unix - - n - 1 scache\n#-o x")->text,
            "scache unix - - n - 1 scache\n#-o x");
}

TEST(MasterCf, TheLastCommentCounts) {
  const auto changed = uncommented("#scache unix - - n - 1 old\n#scache unix - - y - 1 new");
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->text, "#scache unix - - n - 1 old\nscache unix - - y - 1 new");
  EXPECT_EQ(changed->line[kCommandWord], "new");
}

TEST(MasterCf, WithoutSuchACommentNothingChanges) {
  EXPECT_FALSE(uncommented(""));
  EXPECT_FALSE(uncommented(kLine));
  EXPECT_FALSE(uncommented("# scache keeps connections\n"));
  EXPECT_FALSE(uncommented("# scache unix - - n - 1 scache\n"))
      << "with a blank it would continue the line before";
}

TEST(MasterCf, TheCommandSaysWhichServerItIs) {
  const ServiceLine stock = service_line(kLine);
  EXPECT_EQ(keeper_of({}), Keeper::none);
  EXPECT_EQ(keeper_of(stock), Keeper::stock);
  const ServiceLine other = with_command(stock, "../scache");
  EXPECT_EQ(keeper_of(other), Keeper::scache);
  EXPECT_EQ(setting_of(other), "scache/unix=scache unix - - y - 1 ../scache");
}

}  // namespace
}  // namespace scache::ctl
