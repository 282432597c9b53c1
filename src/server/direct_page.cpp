#include "server/direct_page.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace scache::server {

std::uint64_t milliseconds(Duration duration) noexcept {
  const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
}

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

void put_entry(direct::FrameWriter& frame, const Cache::Entry& entry, Instant now) {
  frame.open(direct::Tag::entry);
  if (entry.kind == Cache::Entry::Kind::connection) {
    const Provenance& from = *entry.provenance;
    frame.put(direct::Tag::endpoint, entry.endpoint)
        .put(direct::Tag::endpoint_properties, entry.properties)
        .put(direct::Tag::ttl, milliseconds(entry.deadline - now))
        .put(direct::Tag::connection, from.id)
        .put(direct::Tag::uses, from.uses)
        .put(direct::Tag::age, milliseconds(now - from.since))
        .put(direct::Tag::idle, milliseconds(now - from.saved))
        .put(direct::Tag::owner, from.owner);
  } else {
    frame.put(direct::Tag::destination, entry.destination)
        .put(direct::Tag::endpoint, entry.endpoint)
        .put(direct::Tag::destination_properties, entry.properties)
        .put(direct::Tag::ttl, milliseconds(entry.deadline - now));
  }
  frame.close();
}

}  // namespace scache::server
