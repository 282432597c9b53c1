// SPDX-License-Identifier: Apache-2.0
#include "io/inbox.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace scache::io {
namespace {

// Receives all of `text`, with as many calls of space() as necessary.
void put(Inbox& inbox, std::string_view text) {
  while (!text.empty()) {
    const std::span<char> space = inbox.space();
    ASSERT_FALSE(space.empty());
    const std::size_t size = std::min(space.size(), text.size());
    std::copy_n(text.begin(), size, space.begin());
    inbox.received(size);
    text.remove_prefix(size);
  }
}

// Text in which each position is recognizable.
std::string numbers(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ' ';
  text.resize(size);
  return text;
}

TEST(InboxTest, IsEmptyAtFirstAndHasNoMemory) {
  const Inbox inbox;
  EXPECT_TRUE(inbox.empty());
  EXPECT_EQ(inbox.bytes(), "");
}

TEST(InboxTest, KeepsWhatIsReceivedUntilItIsConsumed) {
  Inbox inbox;
  put(inbox, "request");
  EXPECT_EQ(inbox.bytes(), "request");
  inbox.consume(2);
  EXPECT_EQ(inbox.bytes(), "quest");
  inbox.consume(5);
  EXPECT_TRUE(inbox.empty());
}

TEST(InboxTest, ConsumedBytesStayWhereTheyAre) {
  Inbox inbox;
  put(inbox, "request");
  const std::string_view view = inbox.bytes();
  inbox.consume(7);
  EXPECT_EQ(view, "request");
}

TEST(InboxTest, AnEmptyInboxHasAllOfItsRoomAgain) {
  Inbox inbox;
  put(inbox, numbers(100));
  inbox.consume(100);
  EXPECT_EQ(inbox.space().size(), Inbox::kInitialBytes);
}

TEST(InboxTest, GrowsForWhatIsNotConsumed) {
  Inbox inbox;
  const std::string text = numbers(300'000);
  put(inbox, text);
  EXPECT_EQ(inbox.bytes(), text);
}

TEST(InboxTest, GrowsNoMoreThanToDouble) {
  Inbox inbox;
  put(inbox, numbers(256 * 1'024));
  EXPECT_LE(inbox.space().size(), 256u * 1'024);
}

TEST(InboxTest, MovesTheRestToTheFrontWhenThatIsLittle) {
  Inbox inbox;
  const std::string text = numbers(Inbox::kInitialBytes);
  put(inbox, text);
  inbox.consume(Inbox::kInitialBytes - 10);
  EXPECT_EQ(inbox.space().size(), Inbox::kInitialBytes - 10);
  EXPECT_EQ(inbox.bytes(), text.substr(text.size() - 10));
}

TEST(InboxTest, AStreamPassesThroughWithoutGrowing) {
  Inbox inbox;
  const std::string text = numbers(100'000);
  std::string seen;
  for (std::size_t at = 0; at < text.size(); at += 1'000) {
    put(inbox, std::string_view{text}.substr(at, 1'000));
    seen += inbox.bytes().substr(0, 990);
    inbox.consume(990);
    EXPECT_LE(inbox.space().size(), Inbox::kInitialBytes);
    if (inbox.bytes().size() >= 1'000) {
      seen += inbox.bytes();
      inbox.consume(inbox.bytes().size());
    }
  }
  seen += inbox.bytes();
  EXPECT_EQ(seen, text);
}

TEST(InboxTest, GivesBackWhatItGrewBy) {
  Inbox inbox;
  const std::string text = numbers(200'000);
  put(inbox, text);
  inbox.shrink();
  EXPECT_EQ(inbox.bytes(), text);
  inbox.consume(text.size());
  inbox.shrink();
  EXPECT_TRUE(inbox.empty());
  EXPECT_EQ(inbox.space().size(), Inbox::kInitialBytes);
  put(inbox, "again");
  EXPECT_EQ(inbox.bytes(), "again");
}

TEST(InboxTest, AnInboxThatNeverGrewKeepsItsMemory) {
  Inbox inbox;
  put(inbox, "request");
  const char* place = inbox.bytes().data();
  inbox.consume(7);
  inbox.shrink();
  EXPECT_EQ(inbox.space().data(), place);
}

}  // namespace
}  // namespace scache::io
