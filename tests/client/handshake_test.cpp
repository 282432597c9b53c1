// SPDX-License-Identifier: Apache-2.0
#include "client/handshake.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "support/messages.hpp"

namespace scache::client {
namespace {

using Step = Handshake::Step;
using test::list;

void put(Inbox& inbox, std::string_view bytes) {
  for (const char byte : bytes) {
    inbox.space()[0] = byte;
    inbox.received(1);
  }
}

Step after_greeting(std::string_view answer) {
  Inbox inbox;
  Handshake handshake;
  put(inbox, test::kGreeting);
  EXPECT_EQ(handshake.step(inbox), Step::greeted);
  put(inbox, answer);
  return handshake.step(inbox);
}

TEST(Handshake, IsReadHoweverItArrives) {
  Inbox inbox;
  Handshake handshake;
  for (const char byte : test::kGreeting) {
    EXPECT_EQ(handshake.step(inbox), Step::need_more);
    put(inbox, {&byte, 1});
  }
  EXPECT_EQ(handshake.step(inbox), Step::greeted);
  EXPECT_TRUE(inbox.empty());
  EXPECT_EQ(handshake.step(inbox), Step::need_more);
  put(inbox, list({"status", "0", "version", "1", "capabilities", "find"}) + "rest");
  EXPECT_EQ(handshake.step(inbox), Step::direct);
  EXPECT_EQ(inbox.bytes(), "rest");
}

TEST(Handshake, KnowsARefusal) {
  EXPECT_EQ(after_greeting(test::kBad), Step::refused);
  EXPECT_EQ(after_greeting(list({"status", "0"})), Step::refused);
  EXPECT_EQ(after_greeting(list({"status", "0", "version", "2"})), Step::refused);
}

TEST(Handshake, HasTheServersReasonForADenial) {
  for (const auto& [code, known] : {std::pair{"8", ErrorCode::denied}, {"6", ErrorCode::busy}}) {
    Inbox inbox;
    Handshake handshake;
    put(inbox, list({"protocol", "connection_cache_protocol", "error", code, "reason", "why"}));
    EXPECT_EQ(handshake.step(inbox), Step::failed);
    EXPECT_EQ(handshake.error().code, known);
    EXPECT_EQ(handshake.error().text, "why");
  }
}

TEST(Handshake, KnowsWhatIsNone) {
  for (const std::string& bytes : {list({"protocol", "another"}), list({"status", "0"}),
                                   std::string(1, '\0'), std::string(300'000, 'x')}) {
    Inbox inbox;
    Handshake handshake;
    put(inbox, bytes);
    EXPECT_EQ(handshake.step(inbox), Step::failed);
    EXPECT_EQ(handshake.error().code, ErrorCode::protocol);
  }
  EXPECT_EQ(after_greeting(test::kDummy), Step::failed);
}

}  // namespace
}  // namespace scache::client
