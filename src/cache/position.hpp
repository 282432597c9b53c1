// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

#include "base/clock.hpp"

namespace scache::cache {

// Position is a place in the cache's index of deadlines. The position of each entry is unique.
struct Position {
  Instant deadline;
  // Orders entries with the same deadline by the time when they were indexed.
  std::uint64_t filing = 0;

  auto operator<=>(const Position&) const noexcept = default;
};

}  // namespace scache::cache
