// SPDX-License-Identifier: Apache-2.0
#include "health/probe.hpp"

#include <algorithm>
#include <array>

namespace scache::health {
namespace {

using namespace std::string_view_literals;

// Requests of which the server keeps no state, and whose answer has one line or a fixed length.
constexpr std::array<KnownProbe, 7> kKnown{{
    // RFC 959, 4.1.3.
    {"ftp", "NOOP\r\n"sv, "200 "sv, "\n"sv},
    // RFC 5321, 4.1.1.9. A 421 is the end.
    {"lmtp", "NOOP\r\n"sv, "250 "sv, "\n"sv},
    // RFC 3977, 7.1: there is no NOOP.
    {"nntp", "DATE\r\n"sv, "111 "sv, "\n"sv},
    // RFC 1939, 5.
    {"pop3", "NOOP\r\n"sv, "+OK"sv, "\n"sv},
    // Sync; ReadyForQuery, outside of a transaction.
    {"postgresql", "S\x00\x00\x00\x04"sv, "Z\x00\x00\x00\x05I"sv, ""sv},
    {"redis", "PING\r\n"sv, "+PONG\r\n"sv, ""sv},
    {"smtp", "NOOP\r\n"sv, "250 "sv, "\n"sv},
}};

}  // namespace

Probe::Match Probe::match(std::string_view answer) const noexcept {
  const std::size_t common = std::min(answer.size(), expect.size());
  if (answer.size() > kMaxAnswer || answer.substr(0, common) != expect.substr(0, common)) {
    return Match::no;
  }
  if (answer.size() < expect.size()) return Match::incomplete;
  const std::string_view rest = answer.substr(expect.size());
  const std::size_t found = rest.find(end);
  if (found == std::string_view::npos) return Match::incomplete;
  return found + end.size() == rest.size() ? Match::yes : Match::no;
}

std::span<const KnownProbe> known_probes() noexcept {
  return kKnown;
}

std::optional<KnownProbe> probe_of(std::string_view protocol) noexcept {
  const auto known = std::ranges::find(kKnown, protocol, &KnownProbe::protocol);
  if (known == kKnown.end()) return std::nullopt;
  return *known;
}

}  // namespace scache::health
