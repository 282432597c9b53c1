// SPDX-License-Identifier: Apache-2.0
#include "health/goodbye.hpp"

#include <algorithm>
#include <array>

namespace scache::health {
namespace {

using namespace std::string_view_literals;

constexpr std::array<KnownGoodbye, 9> kKnown{{
    // RFC 959, 4.1.1; the answer is 221.
    {"ftp", "QUIT\r\n"sv},
    // RFC 9051, 6.1.3; the answer is BYE, and OK with the tag.
    {"imap", "scache LOGOUT\r\n"sv},
    // RFC 2033 and RFC 5321, 4.1.1.10; the answer is 221.
    {"lmtp", "QUIT\r\n"sv},
    // COM_QUIT: the length of the payload, sequence 0, command 1. The server closes.
    {"mysql", "\x01\x00\x00\x00\x01"sv},
    // RFC 3977, 5.4; the answer is 205.
    {"nntp", "QUIT\r\n"sv},
    // RFC 1939, 6; the answer is +OK.
    {"pop3", "QUIT\r\n"sv},
    // Terminate: 'X' and the length. The server closes.
    {"postgresql", "X\x00\x00\x00\x04"sv},
    // The answer is +OK.
    {"redis", "QUIT\r\n"sv},
    {"smtp", "QUIT\r\n"sv},
}};

}  // namespace

std::span<const KnownGoodbye> known_goodbyes() noexcept {
  return kKnown;
}

std::optional<std::string_view> goodbye_of(std::string_view protocol) noexcept {
  const auto known = std::ranges::find(kKnown, protocol, &KnownGoodbye::protocol);
  if (known == kKnown.end()) return std::nullopt;
  return known->bytes;
}

}  // namespace scache::health
