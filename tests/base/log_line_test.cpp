// SPDX-License-Identifier: Apache-2.0
#include "base/log_line.hpp"

#include <gtest/gtest.h>

#include <string>

namespace scache::base {
namespace {

std::string text(Severity severity, std::string_view bytes, LogText show = LogText::ascii) {
  LogLine line;
  line.append_text(severity, bytes, show);
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

TEST(LogLine, ShowsUtf8AsPostfixDoes) {
  EXPECT_EQ(text(Severity::info, "r\xc3\xa9q\xff\x01", LogText::postfix_utf8), "r\xc3\xa9q??");
  EXPECT_EQ(text(Severity::info, "\xa9\xc3", LogText::postfix_utf8), "??");
  EXPECT_EQ(text(Severity::info, "\xe2\x82\xac\xe2\x82\xacx\xc1\xbf", LogText::postfix_utf8),
            "\xe2\x82\xac\xe2\x82\xacx??");
}

TEST(LogLine, ShowsValidUtf8) {
  const auto shown = [](std::string_view bytes) {
    return text(Severity::info, bytes, LogText::utf8);
  };
  for (const char* good : {"r\xc3\xa9q", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xc2\xa0",
                           "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"}) {
    EXPECT_EQ(shown(good), good);
  }
  // Overlong, a surrogate, too large, alone, cut short.
  EXPECT_EQ(shown("\xc1\xbf"), "??");
  EXPECT_EQ(shown("\xe0\x9f\xbf"), "???");
  EXPECT_EQ(shown("\xf0\x8f\xbf\xbf"), "????");
  EXPECT_EQ(shown("\xed\xa0\x80"), "???");
  EXPECT_EQ(shown("\xf4\x90\x80\x80"), "????");
  EXPECT_EQ(shown("\x80x\xff"), "?x?");
  EXPECT_EQ(shown("\xe2\x82"), "??");
  EXPECT_EQ(shown("\xe2\x82x"), "??x");
}

TEST(LogLine, NoCharacterEndsALineOrCommandsATerminal) {
  // NEL, CSI, the separators of lines and paragraphs, and bidirectional controls.
  for (const char* bad : {"\xc2\x85", "\xc2\x9b", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xae",
                          "\xe2\x81\xa6", "\xd8\x9c", "\xe2\x80\x8f"}) {
    const std::string_view bytes{bad};
    EXPECT_EQ(text(Severity::info, bytes, LogText::utf8), std::string(bytes.size(), '?'));
  }
  EXPECT_EQ(text(Severity::info, "\x1b[2J\r\n\v\f\x1c", LogText::utf8), "?[2J?????");
}

TEST(LogLine, ACharacterThatTheCutDividesIsNotShown) {
  EXPECT_EQ(text(Severity::info, std::string(1999, 'x') + "\xc3\xa9", LogText::utf8),
            std::string(1999, 'x') + "?");
}

TEST(LogLine, CutsTheTextAfterTwoThousandBytes) {
  EXPECT_EQ(text(Severity::info, std::string(2000, 'x')), std::string(2000, 'x'));
  EXPECT_EQ(text(Severity::fatal, std::string(2001, 'x')), "fatal: " + std::string(2000, 'x'));
  // The remaining bytes of a truncated character are shown.
  EXPECT_EQ(text(Severity::info, std::string(1999, 'x') + "\xc3\xa9", LogText::postfix_utf8),
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
}  // namespace scache::base
