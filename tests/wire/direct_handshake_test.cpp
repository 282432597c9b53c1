// SPDX-License-Identifier: Apache-2.0
#include "wire/direct_handshake.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "wire/direct_frame.hpp"

namespace scache::wire::direct {
namespace {

using namespace std::string_literals;

AttributeReader list_of(const std::string& bytes, std::string_view wanted) {
  AttributeReader reader{1'000};
  EXPECT_EQ(reader.scan(bytes, wanted), AttributeReader::Step::list);
  return reader;
}

std::optional<std::uint32_t> agreed(const std::string& version) {
  const std::string bytes = "request\0direct\0version\0"s + version + "\0\0"s;
  return agreed_version(list_of(bytes, "request"));
}

TEST(DirectHandshakeTest, TheHighestVersionThatBothSpeak) {
  EXPECT_EQ(agreed("1"), 1u);
  EXPECT_EQ(agreed("2"), kVersion);
  EXPECT_EQ(agreed("4294967295"), kVersion);
}

TEST(DirectHandshakeTest, NoVersionThatIsNone) {
  for (const char* version : {"", "0", "-1", "one", "1 ", " 1", "1x", "4294967296"}) {
    EXPECT_FALSE(agreed(version)) << version;
  }
  const std::string without = "request\0direct\0\0"s;
  EXPECT_FALSE(agreed_version(list_of(without, "request")));
}

TEST(DirectHandshakeTest, OtherAttributesAreSkipped) {
  const std::string bytes = "request\0direct\0colour\0red\0version\0001\0\0"s;
  EXPECT_EQ(agreed_version(list_of(bytes, "request")), 1u);
}

TEST(DirectHandshakeTest, TheClientsWish) {
  std::string out;
  put_wish(out);
  EXPECT_EQ(out, "request\0direct\0version\0001\0\0"s);
}

TEST(DirectHandshakeTest, TheAnswer) {
  std::string out;
  put_agreement(out, 1);
  EXPECT_EQ(out,
            "status\0000\0version\0001\0capabilities\0save find bind drop list statistics ping "
            "cancel\0\0"s);
  EXPECT_EQ(version_of_answer(list_of(out, "status")), 1u);
}

TEST(DirectHandshakeTest, ARefusalOrAVersionOfTheFutureIsNoAnswer) {
  for (const std::string& answer :
       {"status\0001\0\0"s, "status\0000\0\0"s, "status\0000\0version\0002\0\0"s,
        "status\0000\0version\0000\0\0"s}) {
    EXPECT_FALSE(version_of_answer(list_of(answer, "status")));
  }
}

TEST(DirectHandshakeTest, ADenialIsAGreetingWithAnError) {
  std::string bytes;
  put_denial(bytes, {ErrorCode::denied, "user 7 has no access"});
  EXPECT_EQ(bytes,
            "protocol\0connection_cache_protocol\0error\0008\0reason\0user 7 has no access\0\0"s);
  const auto error = denial_in(list_of(bytes, "protocol"));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::denied);
  EXPECT_EQ(error->text, "user 7 has no access");
}

TEST(DirectHandshakeTest, AnErrorOfTheFutureIsADenial) {
  const std::string bytes = "protocol\0x\0error\00099\0\0"s;
  const auto error = denial_in(list_of(bytes, "protocol"));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode{});
  EXPECT_EQ(error->text, "");
}

TEST(DirectHandshakeTest, AGreetingWithoutAnErrorIsNoDenial) {
  for (const std::string& bytes : {"protocol\0connection_cache_protocol\0\0"s,
                                   "protocol\0x\0error\0000\0\0"s, "protocol\0x\0error\0x\0\0"s}) {
    EXPECT_FALSE(denial_in(list_of(bytes, "protocol")));
  }
}

}  // namespace
}  // namespace scache::wire::direct
