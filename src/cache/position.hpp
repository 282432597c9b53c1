#pragma once

#include <compare>
#include <cstdint>

#include "base/clock.hpp"

namespace scache::cache {

// Position is a place in the cache's index of deadlines. No two entries ever have the same.
struct Position {
  Instant deadline;
  // Entries with the same deadline stand in the order in which they were filed.
  std::uint64_t filing = 0;

  auto operator<=>(const Position&) const noexcept = default;
};

}  // namespace scache::cache
