// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <cstdlib>

#include "rooms.hpp"

namespace scache::fuzz {

// Ends the program where something that must hold does not: to the fuzzer that is a crash, and it
// keeps the input.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace scache::fuzz
