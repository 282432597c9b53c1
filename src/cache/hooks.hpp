// SPDX-License-Identifier: Apache-2.0
#pragma once

#ifdef SCACHE_TEST_HOOKS
#include <cstddef>
#include <cstdint>

#include "base/rooms.hpp"
#endif

namespace scache::cache {

// Hooks for tests, which the programs do not contain.
#ifdef SCACHE_TEST_HOOKS
struct CacheHooks {
  // Nodes that were compared or skipped, and names that were hashed.
  std::size_t visits = 0;
  std::size_t hashes = 0;
  // Changes the hash of a name.
  std::uint64_t (*hash)(std::uint64_t real) = nullptr;
};
inline constinit CacheHooks cache_hooks;
inline void visited() noexcept {
  ++cache_hooks.visits;
}
#else
inline void visited() noexcept {}
#endif

}  // namespace scache::cache
