#include "base/log_line.hpp"

#include <gtest/gtest.h>

#include <string>

namespace scache {
namespace {

std::string text(Severity severity, std::string_view bytes, bool utf8 = false) {
  LogLine line;
  line.append_text(severity, bytes, utf8);
  return std::string{line.view()};
}

std::string time_at(std::time_t now, long offset, char fill) {
  LogLine line;
  line.append_time(now, offset, fill);
  return std::string{line.view()};
}

TEST(LogLine, SpellsSeveritiesAsPostfixDoes) {
  EXPECT_EQ(text(Severity::info, "x"), "x");
  EXPECT_EQ(text(Severity::warning, "x"), "warning: x");
  EXPECT_EQ(text(Severity::error, "x"), "error: x");
  EXPECT_EQ(text(Severity::fatal, "x"), "fatal: x");
  EXPECT_EQ(text(Severity::panic, "x"), "panic: x");
}

TEST(LogLine, ShowsUnprintableBytesAsQuestionMarks) {
  EXPECT_EQ(text(Severity::info, std::string_view{"a\nb\0c\x7f~ \x1f", 9}), "a?b?c?~ ?");
  EXPECT_EQ(text(Severity::info, "r\xc3\xa9q\xff\x01"), "r??q??");
}

TEST(LogLine, ShowsUtf8WhereItIsAllowed) {
  EXPECT_EQ(text(Severity::info, "r\xc3\xa9q\xff\x01", true), "r\xc3\xa9q??");
  EXPECT_EQ(text(Severity::info, "\xa9\xc3", true), "??");
  EXPECT_EQ(text(Severity::info, "\xe2\x82\xac\xe2\x82\xacx\xc1\xbf", true),
            "\xe2\x82\xac\xe2\x82\xacx??");
}

TEST(LogLine, CutsTheTextAfterTwoThousandBytes) {
  EXPECT_EQ(text(Severity::info, std::string(2000, 'x')), std::string(2000, 'x'));
  EXPECT_EQ(text(Severity::fatal, std::string(2001, 'x')), "fatal: " + std::string(2000, 'x'));
  // A character that the cut divides is shown as far as it goes.
  EXPECT_EQ(text(Severity::info, std::string(1999, 'x') + "\xc3\xa9", true),
            std::string(1999, 'x') + "\xc3");
}

TEST(LogLine, ShowsTheTimeOfTheZone) {
  EXPECT_EQ(time_at(1795299858, 0, ' '), "Nov 21 22:24:18 ");
  EXPECT_EQ(time_at(1795299858, 9 * 3600, '0'), "Nov 22 07:24:18 ");
  EXPECT_EQ(time_at(0, -3600, '0'), "Dec 31 23:00:00 ");
  EXPECT_EQ(time_at(0, 0, '0'), "Jan 01 00:00:00 ");
  EXPECT_EQ(time_at(0, 0, ' '), "Jan  1 00:00:00 ");
  EXPECT_EQ(time_at(951782399, 0, ' '), "Feb 28 23:59:59 ");
  EXPECT_EQ(time_at(951782400, 0, ' '), "Feb 29 00:00:00 ");
}

TEST(LogLine, LeavesOutWhatDoesNotFit) {
  LogLine line;
  for (int i = 0; i < 100; ++i) line.append(std::string(100, 'x'));
  line.append(7);
  EXPECT_EQ(line.view(), std::string(line.view().size(), 'x'));
  EXPECT_LT(line.view().size(), 4096U);
}

}  // namespace
}  // namespace scache
