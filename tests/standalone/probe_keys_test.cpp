// SPDX-License-Identifier: Apache-2.0
#include "standalone/probe_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "standalone/configuration_texts.hpp"

namespace scache::standalone {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ProbeKeys, HaveAProtocolOrBytes) {
  const Configuration all = read(
      "[[probe]]\nendpoint = 'redis*'\nprotocol = 'redis'\n"
      "[[probe]]\nendpoint = 'x*'\nsend = [0, 255]\nexpect = \"ok\"\nend = \"\\n\"\n"
      "idle = '5m'\nwait = '500ms'\n"
      "[[probe]]\nendpoint = 'quiet*'\nsend = ''\n");
  ASSERT_EQ(all.probes.size(), 3u);
  EXPECT_EQ(all.probe("redis:1")->send, "PING\r\n");
  EXPECT_EQ(all.probe("redis:1")->expect, "+PONG\r\n");
  EXPECT_EQ(all.probe("redis:1")->idle, Probe::kIdle);
  EXPECT_EQ(all.probe("redis:1")->wait, Probe::kWait);
  EXPECT_EQ(all.probe("x")->send, "\0\xff"s);
  EXPECT_EQ(all.probe("x")->expect, "ok");
  EXPECT_EQ(all.probe("x")->end, "\n");
  EXPECT_EQ(all.probe("x")->idle, 5min);
  EXPECT_EQ(all.probe("x")->wait, 500ms);
  EXPECT_EQ(all.probe("quiet"), nullptr);
  EXPECT_EQ(all.probe("smtp"), nullptr);
}

TEST(ProbeKeys, AreShownAsTheyAreRead) {
  const std::string text =
      "\n[[probe]]\nendpoint = \"a\"\nprotocol = \"smtp\"\nidle = \"1m\"\nwait = \"2s\"\n"
      "\n[[probe]]\nendpoint = \"b\"\nsend = [0, 255]\nexpect = \"ok\"\nend = \"\\u000A\"\n"
      "idle = \"5m\"\nwait = \"1s\"\n";
  EXPECT_EQ(show_probes(read(text)), text);
}

TEST(ProbeKeys, ThatAreWrong) {
  EXPECT_THAT(complaints("[[probe]]\nprotocol = 'smtp'\n"),
              ElementsAre("f:1:1: probe.endpoint must be a pattern such as \"smtp*\""));
  const std::string either = "f:1:1: probe must have either protocol or send";
  EXPECT_THAT(complaints("[[probe]]\nendpoint = '*'\n"), ElementsAre(either));
  EXPECT_THAT(complaints("[[probe]]\nendpoint = '*'\nprotocol = 'smtp'\nsend = 'x'\nend = 'y'\n"),
              ElementsAre(either));
  EXPECT_THAT(complaints("[[probe]]\nendpoint = '*'\nprotocol = 'smtp'\nexpect = 'y'\n"),
              ElementsAre("f:1:1: probe.expect needs send"));
  EXPECT_THAT(complaints("[[probe]]\nendpoint = '*'\nsend = 'x'\n"),
              ElementsAre("f:1:1: probe.expect or probe.end must say what the answer is"));
  EXPECT_THAT(complaints("[[probe]]\nendpoint = '*'\nprotocol = 'imap'\n"),
              ElementsAre("f:3:12: probe.protocol must be one of \"ftp\", \"lmtp\", \"nntp\", "
                          "\"pop3\", \"postgresql\", \"redis\", \"smtp\""));
  EXPECT_THAT(complaints("[[probe]]\nendpoint = '*'\nprotocol = 'smtp'\nevery = '1m'\n"),
              ElementsAre("f:4:1: unknown key probe.every"));
}

TEST(ProbeKeys, TimesHaveLimits) {
  const auto with = [](const std::string& line) {
    return "[[probe]]\nendpoint = '*'\nprotocol = 'smtp'\n" + line + "\n";
  };
  for (const char* right : {"idle = '100ms'", "idle = '365d'", "wait = '1ms'", "wait = '1m'"}) {
    EXPECT_THAT(complaints(with(right)), IsEmpty()) << right;
  }
  for (const char* wrong : {"idle = '99ms'", "idle = '366d'"}) {
    EXPECT_THAT(complaints(with(wrong)),
                ElementsAre("f:4:8: probe.idle must be from 100ms to 365d"));
  }
  for (const char* wrong : {"wait = '0s'", "wait = '61s'"}) {
    EXPECT_THAT(complaints(with(wrong)), ElementsAre("f:4:8: probe.wait must be from 1ms to 1m"));
  }
}

TEST(ProbeKeys, BytesHaveALimit) {
  const auto with = [](const std::string& bytes) {
    return "[[probe]]\nendpoint = '*'\nexpect = 'x'\nsend = '" + bytes + "'\n";
  };
  const std::string most(Probe::kMaxBytes, 'x');
  EXPECT_THAT(complaints(with(most)), IsEmpty());
  EXPECT_THAT(complaints(with(most + "x")),
              ElementsAre("f:4:8: probe.send must be a string, or a list of numbers from 0 to 255, "
                          "of at most 1024 bytes"));
}

}  // namespace
}  // namespace scache::standalone
