// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cache/hooks.hpp"
#include "support/rooms.hpp"

namespace scache::test {

// During its lifetime names collide: in their places in the tables, or in all bits. The tables use
// the high bits for the place and the low bits for the first comparison.
class CollidingNames {
 public:
  enum class Mode : std::uint8_t { places, all };

  explicit CollidingNames(Mode mode) {
    cache_hooks.hash = mode == Mode::all ? [](std::uint64_t) { return std::uint64_t{0}; }
                                         : [](std::uint64_t real) { return real & 0xff; };
  }
  ~CollidingNames() { cache_hooks.hash = nullptr; }
  CollidingNames(const CollidingNames&) = delete;
  CollidingNames& operator=(const CollidingNames&) = delete;
};

}  // namespace scache::test
