// SPDX-License-Identifier: Apache-2.0
#include "main_cf/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/recording_log.hpp"

namespace scache::main_cf {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MainCf : public ::testing::Test {
 protected:
  Result<void> load(std::string_view text) { return load_text(text, "main.cf", settings_, log_); }
  std::string value(std::string_view name) const {
    const std::string* const found = settings_.find(name);
    return found != nullptr ? *found : "(none)";
  }

  Settings settings_;
  test::RecordingLog log_;
};

TEST_F(MainCf, EntersNamesAndValuesWithoutTheWhiteSpaceAroundThem) {
  ASSERT_TRUE(load("a = 1\nb=2\n\tc=3\nd \t = \t x  y \t\r\nempty =\n"));
  EXPECT_EQ(value("a"), "1");
  EXPECT_EQ(value("b"), "2\tc=3");
  EXPECT_EQ(value("d"), "x  y");
  EXPECT_EQ(value("empty"), "");
  EXPECT_EQ(value("c"), "(none)");
}

TEST_F(MainCf, NeedsNoNewlineAtTheEnd) {
  ASSERT_TRUE(load("a = 1\nb = 2"));
  EXPECT_EQ(value("b"), "2");
}

TEST_F(MainCf, JoinsALineWithThoseThatStartWithWhiteSpace) {
  ASSERT_TRUE(load("a\n = 1\n 2\n\t3\nb = 4\n"));
  EXPECT_EQ(value("a"), "1 2\t3");
  EXPECT_EQ(value("b"), "4");
}

TEST_F(MainCf, LeavesOutCommentsAndEmptyLinesEvenInsideAContinuation) {
  ASSERT_TRUE(load("# x\n\na = 1\n# y\n  # z\n\n   \n 2 # part\n"));
  EXPECT_EQ(value("a"), "1 2 # part");
  EXPECT_THAT(log_.take(), IsEmpty());
}

TEST_F(MainCf, TakesTheLastOfTwoValuesAndWarnsWhereTheyDiffer) {
  ASSERT_TRUE(load("a = 1\nb = 2\na = 1\n\na =\n 3\n"));
  EXPECT_EQ(value("a"), "3");
  EXPECT_THAT(log_.take(), ElementsAre("warning: main.cf, line 5: overriding earlier entry: a=1"));
}

TEST_F(MainCf, DropsALogicalLineThatStartsWithWhiteSpace) {
  ASSERT_TRUE(load("\n  a = 0123456789012345678901234\n 2\nb = 3\n"));
  EXPECT_EQ(value("a"), "(none)");
  EXPECT_EQ(value("b"), "3");
  EXPECT_THAT(log_.take(),
              ElementsAre("warning: main.cf: logical line must not start with whitespace: "
                          "\"  a = 012345678901234567890123...\""));
}

TEST_F(MainCf, ShowsAShortLineThatStartsWithWhiteSpaceInFull) {
  ASSERT_TRUE(load(" a = 1\n"));
  EXPECT_THAT(
      log_.take(),
      ElementsAre("warning: main.cf: logical line must not start with whitespace: \" a = 1\""));
}

TEST_F(MainCf, RefusesALineWithoutAnEqualSign) {
  EXPECT_EQ(load("# c\na = 1\n\nb 2\n 3\n").error().text,
            "main.cf, line 4: missing '=' after attribute name: \"b 2 3\"");
}

TEST_F(MainCf, RefusesALineWithoutAName) {
  EXPECT_EQ(load("= 1\n").error().text, "main.cf, line 1: missing attribute name: \"= 1\"");
}

TEST_F(MainCf, EndsALogicalLineAtANulByte) {
  ASSERT_TRUE(load(std::string_view{"a = 1\0x\n 2\nb = 3\n", 17}));
  EXPECT_EQ(value("a"), "1");
  EXPECT_EQ(value("b"), "3");
  EXPECT_EQ(load(std::string_view{"\0\n", 2}).error().text,
            "main.cf, line 1: missing attribute name: \"\"");
}

TEST(SplitNameValue, SplitsAtTheFirstEqualSign) {
  const auto setting = split_name_value("  a = b = c ");
  ASSERT_TRUE(setting);
  EXPECT_EQ(setting->name, "a");
  EXPECT_EQ(setting->value, "b = c");
}

TEST(SplitNameValue, SaysWhatIsMissing) {
  EXPECT_EQ(split_name_value("").error().text, "missing attribute name");
  EXPECT_EQ(split_name_value("a b = c").error().text, "missing '=' after attribute name");
}

class MainCfFile : public MainCf {
 protected:
  MainCfFile() {
    std::string name = (std::filesystem::temp_directory_path() / "main_cf_XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~MainCfFile() override { std::filesystem::remove_all(folder_); }

  void write(std::string_view text) {
    std::ofstream{path_()} << text;
    set_changed(std::time(nullptr) - 3600);
  }
  void set_changed(std::time_t when) const {
    const timespec times[2] = {{when, 0}, {when, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path_().c_str(), times, 0), 0);
  }
  Result<void> load_it() {
    return load_file(path_(), settings_, log_, [this] {
      ++pauses_;
      if (on_pause_) on_pause_();
    });
  }
  std::string path_() const { return folder_ / "main.cf"; }

  std::filesystem::path folder_;
  int pauses_ = 0;
  std::function<void()> on_pause_;
};

TEST_F(MainCfFile, ReadsAnOldFileAtOnce) {
  write("a = 1\n");
  ASSERT_TRUE(load_it());
  EXPECT_EQ(value("a"), "1");
  EXPECT_EQ(pauses_, 0);
}

TEST_F(MainCfFile, RefusesAFileWithALineThatIsNone) {
  write("a = 1\nb\n");
  EXPECT_EQ(load_it().error().text,
            fmt::format("{}, line 2: missing '=' after attribute name: \"b\"", path_()));
}

TEST_F(MainCfFile, ReadsAFileThatHasJustChangedAgain) {
  write("a = 1");
  set_changed(std::time(nullptr));
  on_pause_ = [this] { write("a = 12\n"); };
  ASSERT_TRUE(load_it());
  EXPECT_EQ(value("a"), "12");
  EXPECT_EQ(pauses_, 1);
}

TEST_F(MainCfFile, DoesNotWaitForAFileFromTheFuture) {
  write("a = 1\n");
  set_changed(std::time(nullptr) + 3600);
  ASSERT_TRUE(load_it());
  EXPECT_EQ(pauses_, 0);
}

TEST_F(MainCfFile, SaysWhyAFileCannotBeRead) {
  EXPECT_EQ(load_it().error().text, "open " + path_() + ": No such file or directory");
  std::filesystem::create_directory(path_());
  EXPECT_EQ(load_it().error().text, "read " + path_() + ": Is a directory");
}

TEST_F(MainCfFile, TakesTheLargestFileAndRefusesOneByteMore) {
  const std::string largest = "a = 1\n#" + std::string(kMaxFileBytes - 7, 'x');
  write(largest);
  EXPECT_TRUE(load_it());
  write(largest + 'x');
  EXPECT_EQ(load_it().error().text, "read " + path_() + ": File too large");
}

}  // namespace
}  // namespace scache::main_cf
