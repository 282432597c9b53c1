// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "work.hpp"

// Workloads in the direct protocol.
namespace scache::bench {

// Saves a number of connections and finds each of them.
Work direct_save_and_find(std::uint32_t lanes);
// A lookup that finds nothing.
Work direct_miss();

}  // namespace scache::bench
