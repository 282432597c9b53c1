// SPDX-License-Identifier: Apache-2.0
#include "server/direct_page.hpp"

#include <chrono>
#include <cstring>
#include <variant>

namespace scache::server {

std::array<char, kCursorSize> cursor_of(const Position& place) noexcept {
  const std::int64_t deadline = place.deadline.time_since_epoch().count();
  std::array<char, kCursorSize> cursor{};
  std::memcpy(cursor.data(), &deadline, sizeof deadline);
  std::memcpy(cursor.data() + sizeof deadline, &place.filing, sizeof place.filing);
  return cursor;
}

Position place_of(std::string_view cursor) noexcept {
  if (cursor.size() != kCursorSize) return Cache::kBeginning;
  std::int64_t deadline = 0;
  Position place{};
  std::memcpy(&deadline, cursor.data(), sizeof deadline);
  std::memcpy(&place.filing, cursor.data() + sizeof deadline, sizeof place.filing);
  place.deadline = Instant{Duration{deadline}};
  return place;
}

direct::EntryReply reply_of(const Cache::Entry& entry, Instant now) noexcept {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  if (const auto* binding = std::get_if<BindingRecord>(&entry)) {
    return {.destination = binding->destination,
            .endpoint = binding->endpoint,
            .properties = binding->properties,
            .ttl = duration_cast<milliseconds>(binding->deadline - now)};
  }
  const auto& connection = std::get<ConnectionRecord>(entry);
  const Provenance& from = connection.provenance;
  return {.destination = {},
          .endpoint = connection.endpoint,
          .properties = connection.properties,
          .ttl = duration_cast<milliseconds>(connection.deadline - now),
          .connection = from.id,
          .uses = from.uses,
          .age = duration_cast<milliseconds>(now - from.since),
          .idle = duration_cast<milliseconds>(now - from.saved),
          .owner = from.owner};
}

}  // namespace scache::server
