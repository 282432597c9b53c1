// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/clock.hpp"
#include "base/descriptor_kind.hpp"

namespace scache::cache {

// Provenance is the history of a connection. The cache stores it and does not interpret it.
struct Provenance {
  // The time of the first save, and of the last save.
  Instant since{};
  Instant saved{};
  // Service assigns an id to a connection that has none.
  std::uint64_t id = 0;
  // The number of lookups that have found it.
  std::uint32_t uses = 0;
  // The user id of the client that saved it.
  std::uint32_t owner = 0;
  DescriptorKind kind = DescriptorKind::other;
  // Whether it had unread input when it was saved, and whether the client allowed input.
  bool had_input = false;
  bool allow_input = false;
};

}  // namespace scache::cache
