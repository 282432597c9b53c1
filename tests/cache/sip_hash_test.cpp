// SPDX-License-Identifier: Apache-2.0
#include "cache/sip_hash.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "support/rooms.hpp"

namespace scache::test {
namespace {

// "openssl mac -macopt c-rounds:1 -macopt d-rounds:3 -macopt size:8 SIPHASH" with the key and the
// message of the algorithm's own test vectors: bytes that count up from 0.
TEST(SipHashTest, AgreesWithOpenSsl) {
  const SipKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  const std::vector<std::pair<std::size_t, std::uint64_t>> vectors{
      {0, 0xabac0158050fc4dc},  {1, 0xc9f49bf37d57ca93},  {7, 0xd3927d989bb11140},
      {8, 0x369095118d299a8e},  {9, 0x25a48eb36c063de4},  {15, 0xd320d86d2a519956},
      {16, 0xcc4fdd1a7d908b66}, {63, 0x9d199062b7bbb3a8},
  };
  std::string message;
  for (const auto& [size, hash] : vectors) {
    while (message.size() < size) message += static_cast<char>(message.size());
    EXPECT_EQ(sip_hash(key, message), hash) << size << " bytes";
  }
}

TEST(SipHashTest, EachHalfOfTheKeyCounts) {
  EXPECT_NE(sip_hash({1, 0}, "name"), sip_hash({0, 0}, "name"));
  EXPECT_NE(sip_hash({0, 1}, "name"), sip_hash({0, 0}, "name"));
}

}  // namespace
}  // namespace scache::test
