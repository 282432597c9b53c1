#pragma once

#include <cstddef>

namespace scache::test {

// HashProbe stands between the cache and its NameHash: it counts the hashes that are computed, and
// makes names collide on demand. cache_cost_test.cpp puts it there.
struct HashProbe {
  enum class Mode { real, positions_collide, all_collide };

  std::size_t computed = 0;
  Mode mode = Mode::real;
};
extern constinit HashProbe hash_probe;

// While it lives, names collide.
class CollidingNames {
 public:
  explicit CollidingNames(HashProbe::Mode mode) { hash_probe.mode = mode; }
  ~CollidingNames() { hash_probe.mode = HashProbe::Mode::real; }
  CollidingNames(const CollidingNames&) = delete;
  CollidingNames& operator=(const CollidingNames&) = delete;
};

}  // namespace scache::test
