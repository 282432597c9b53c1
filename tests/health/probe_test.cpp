// SPDX-License-Identifier: Apache-2.0
#include "health/probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/rooms.hpp"

namespace scache::test {
namespace {

using namespace std::string_view_literals;
using Match = Probe::Match;

Probe known(std::string_view protocol) {
  const auto found = probe_of(protocol).value();
  return {.send = std::string{found.send},
          .expect = std::string{found.expect},
          .end = std::string{found.end}};
}

TEST(Probe, OfALineHasOneLine) {
  const Probe probe = known("smtp");
  const std::string_view answer = "250 2.0.0 Ok\r\n";
  for (std::size_t size = 0; size < answer.size(); ++size) {
    EXPECT_EQ(probe.match(answer.substr(0, size)), Match::incomplete) << size;
  }
  EXPECT_EQ(probe.match(answer), Match::yes);
  EXPECT_EQ(probe.match("250 2.0.0 Ok\r\n4"), Match::no) << "something comes unasked";
  for (const std::string_view wrong : {"421 bye\r\n", "4", "25x", "250-a\r\n"}) {
    EXPECT_EQ(probe.match(wrong), Match::no) << wrong;
  }
}

TEST(Probe, ALineIsNoPartOfALongerAnswer) {
  for (const char* protocol : {"ftp", "lmtp", "nntp", "smtp"}) {
    const Probe probe = known(protocol);
    const std::string first = probe.expect.substr(0, 3) + "-first\r\n";
    EXPECT_EQ(probe.match(first), Match::no) << protocol;
  }
}

TEST(Probe, WithoutAnEndIsWhatIsExpected) {
  const Probe probe = known("postgresql");
  EXPECT_EQ(probe.match("Z\0\0\0\5"sv), Match::incomplete);
  EXPECT_EQ(probe.match("Z\0\0\0\5I"sv), Match::yes);
  EXPECT_EQ(probe.match("Z\0\0\0\5T"sv), Match::no) << "in a transaction";
  EXPECT_EQ(probe.match("Z\0\0\0\5IZ"sv), Match::no);
}

TEST(Probe, AnEndMayHaveManyBytes) {
  const Probe probe{.expect = "HTTP/1.1 2", .end = "\r\n\r\n"};
  EXPECT_EQ(probe.match("HTTP/1.1 200 OK\r\nAllow: GET\r\n"), Match::incomplete);
  EXPECT_EQ(probe.match("HTTP/1.1 200 OK\r\nAllow: GET\r\n\r\n"), Match::yes);
  EXPECT_EQ(probe.match("HTTP/1.1 200 OK\r\n\r\nbody"), Match::no);
}

TEST(Probe, WithoutABeginningNeedsItsEnd) {
  const Probe probe{.end = "\n"};
  EXPECT_EQ(probe.match(""), Match::incomplete);
  EXPECT_EQ(probe.match("\n"), Match::yes);
}

TEST(Probe, AnAnswerHasALimit) {
  const Probe probe{.end = "\n"};
  std::string answer(Probe::kMaxAnswer, 'x');
  EXPECT_EQ(probe.match(answer), Match::incomplete);
  answer.back() = '\n';
  EXPECT_EQ(probe.match(answer), Match::yes);
  EXPECT_EQ(probe.match("x" + answer), Match::no);
}

TEST(Probe, IsKnownByName) {
  for (const KnownProbe& each : known_probes()) {
    EXPECT_FALSE(each.send.empty());
    EXPECT_EQ(known(each.protocol).match(std::string{each.expect} + std::string{each.end}),
              Match::yes)
        << each.protocol;
  }
  EXPECT_FALSE(probe_of("imap"));
}

}  // namespace
}  // namespace scache::test
