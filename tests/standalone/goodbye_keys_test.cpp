// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "standalone/configuration_file.hpp"
#include "standalone/some_accounts.hpp"

namespace scache::standalone {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;

std::vector<std::string> complaints(std::string_view text) {
  return parse_configuration(text, "f", some_accounts()).complaints;
}
Configuration parsed(std::string_view text) {
  Reading reading = parse_configuration(text, "f", some_accounts());
  EXPECT_THAT(reading.complaints, IsEmpty());
  return std::move(reading.configuration);
}

TEST(GoodbyeKeys, GiveTheGoodbyeOfTheFirstPatternThatMatches) {
  const Configuration all = parsed(
      "[[goodbye]]\nendpoint = 'smtp:quiet*'\nsend = ''\n"
      "[[goodbye]]\nendpoint = 'smtp:*'\nprotocol = 'smtp'\n"
      "[[goodbye]]\nendpoint = 'raw*'\nsend = \"bye\\u0000\"\nwait = '100ms'\n"
      "[[goodbye]]\nendpoint = 'bytes'\nsend = [0, 255]\n");
  ASSERT_NE(all.goodbye("smtp:a"), nullptr);
  EXPECT_EQ(all.goodbye("smtp:a")->bytes, "QUIT\r\n");
  EXPECT_EQ(all.goodbye("smtp:a")->wait, Goodbye::kWait);
  EXPECT_EQ(all.goodbye("smtp:quiet"), nullptr);
  EXPECT_EQ(all.goodbye("raw")->bytes, "bye\0"sv);
  EXPECT_EQ(all.goodbye("raw")->wait, 100ms);
  EXPECT_EQ(all.goodbye("bytes")->bytes, "\0\xff"sv);
  EXPECT_EQ(all.goodbye("http:a"), nullptr);
  EXPECT_EQ(Configuration{}.goodbye("smtp:a"), nullptr);
}

TEST(GoodbyeKeys, AreShownAsTheyAreRead) {
  const std::string text =
      "[[goodbye]]\nendpoint = \"smtp:*\"\nprotocol = \"smtp\"\nwait = \"2s\"\n\n"
      "[[goodbye]]\nendpoint = \"a\"\nsend = \"x\\u0000\"\nwait = \"1m\"\n\n"
      "[[goodbye]]\nendpoint = \"b\"\nsend = [0, 255]\nwait = \"1ms\"\n";
  EXPECT_THAT(show_configuration(parsed(text)), EndsWith("\n" + text));
}

TEST(GoodbyeKeys, ThatAreWrong) {
  const std::string tables = "goodbye must be an array of tables, each written [[goodbye]]";
  const std::string either = "goodbye must have either protocol or send";
  EXPECT_THAT(complaints("goodbye = 5\n"), ElementsAre("f:1:11: " + tables));
  EXPECT_THAT(complaints("goodbye = [5]\n"), ElementsAre("f:1:12: " + tables));
  EXPECT_THAT(complaints("[[goodbye]]\nprotocol = 'smtp'\n"),
              ElementsAre("f:1:1: goodbye.endpoint must be a pattern such as \"smtp*\""));
  EXPECT_THAT(complaints("[[goodbye]]\nendpoint = 5\nprotocol = 'smtp'\n"),
              ElementsAre("f:2:12: goodbye.endpoint must be a pattern such as \"smtp*\""));
  EXPECT_THAT(complaints("[[goodbye]]\nendpoint = '*'\n"), ElementsAre("f:1:1: " + either));
  EXPECT_THAT(complaints("[[goodbye]]\nendpoint = '*'\nprotocol = 'smtp'\nsend = 'x'\n"),
              ElementsAre("f:1:1: " + either));
  EXPECT_THAT(complaints("[[goodbye]]\nendpoint = '*'\nprotocol = 'smtp'\nsay = 1\n"),
              ElementsAre("f:4:1: unknown key goodbye.say"));
  for (const char* protocol : {"'gopher'", "5"}) {
    EXPECT_THAT(
        complaints("[[goodbye]]\nendpoint = '*'\nprotocol = " + std::string{protocol} + "\n"),
        ElementsAre("f:3:12: goodbye.protocol must be one of \"ftp\", \"imap\", \"lmtp\", "
                    "\"mysql\", \"nntp\", \"pop3\", \"postgresql\", \"redis\", \"smtp\""))
        << protocol;
  }
}

TEST(GoodbyeKeys, BytesHaveALimit) {
  const auto with = [](const std::string& bytes) {
    return "[[goodbye]]\nendpoint = '*'\nsend = " + bytes + "\n";
  };
  const std::string most(Goodbye::kMaxBytes, 'x');
  EXPECT_THAT(complaints(with("'" + most + "'")), IsEmpty());
  for (const std::string& wrong : {"'" + most + "x'", std::string{"[256]"}, std::string{"[-1]"},
                                   std::string{"['a']"}, std::string{"true"}}) {
    EXPECT_THAT(complaints(with(wrong)),
                ElementsAre("f:3:8: goodbye.send must be a string, or a list of numbers from 0 to "
                            "255, of at most 1024 bytes"));
  }
}

TEST(GoodbyeKeys, TheWaitHasLimits) {
  const auto with = [](const std::string& wait) {
    return "[[goodbye]]\nendpoint = '*'\nprotocol = 'smtp'\nwait = " + wait + "\n";
  };
  for (const char* right : {"'1ms'", "'1m'"}) EXPECT_THAT(complaints(with(right)), IsEmpty());
  for (const char* wrong : {"'0s'", "'61s'"}) {
    EXPECT_THAT(complaints(with(wrong)), ElementsAre("f:4:8: goodbye.wait must be from 1ms to 1m"));
  }
  for (const char* wrong : {"'soon'", "5"}) {
    EXPECT_THAT(complaints(with(wrong)),
                ElementsAre("f:4:8: goodbye.wait must be a time such as \"100ms\", \"30s\", "
                            "\"5m\""));
  }
}

}  // namespace
}  // namespace scache::standalone
