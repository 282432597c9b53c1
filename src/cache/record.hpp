// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "base/clock.hpp"
#include "cache/position.hpp"
#include "cache/provenance.hpp"

namespace scache::cache {

// The entries of the cache, as observers, claims and lists see them. Views are valid during the
// call of an observer or a visitor, and as long as a claim.

// A connection. `sequence` is its key as long as it is in the cache: no other entry of this cache
// ever has the same, and later saves have larger ones.
struct ConnectionRecord {
  std::string_view endpoint;
  std::string_view properties;
  Instant deadline;
  std::uint64_t sequence;
  // The cache owns it.
  int descriptor;
  const Provenance& provenance;
  // Cache::discard() finds it here.
  Position place{};
};

// A binding. A renewal keeps its `sequence` and its owner.
struct BindingRecord {
  std::string_view destination;
  std::string_view properties;
  std::string_view endpoint;
  Instant deadline;
  std::uint64_t sequence;
  // The user id of the client that saved it.
  std::uint32_t owner = 0;
};

using Entry = std::variant<ConnectionRecord, BindingRecord>;

// The endpoint of a connection, or the destination of a binding.
inline std::string_view name_of(const Entry& entry) noexcept {
  const auto* const connection = std::get_if<ConnectionRecord>(&entry);
  return connection != nullptr ? connection->endpoint : std::get<BindingRecord>(entry).destination;
}
inline Instant deadline_of(const Entry& entry) noexcept {
  return std::visit([](const auto& record) { return record.deadline; }, entry);
}
inline std::uint64_t sequence_of(const Entry& entry) noexcept {
  return std::visit([](const auto& record) { return record.sequence; }, entry);
}

}  // namespace scache::cache
