#pragma once

#include <cstdint>

#include "base/clock.hpp"

namespace scache::cache {

// Provenance is what is known of a connection besides its names: told by its saver, kept as it is.
struct Provenance {
  // When it was saved for the first time, and for the last.
  Instant since{};
  Instant saved{};
  // 0 for a connection that has none yet: saving gives it one.
  std::uint64_t id = 0;
  // How often it was found before.
  std::uint32_t uses = 0;
  // The user id of the client that saved it.
  std::uint32_t owner = 0;
  // The saver's own remark; means nothing to the cache.
  std::uint8_t note = 0;
};

}  // namespace scache::cache
