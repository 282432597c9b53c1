// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/rooms.hpp"

namespace scache::base {

// Returns all free memory of the heap to the system (malloc_trim(3)).
void return_free_memory() noexcept;

// MemoryReturn decides when to call it: when nearly all of the memory is free. While more is in
// use, the heap is fragmented and a scan yields hardly a whole page. For 275 MiB the scan blocks
// the loop for 100 ms if half is in use, and for 45 ms if a thirty-second is.
class MemoryReturn {
 public:
  // Less free memory is not worth a scan.
  static constexpr std::size_t kStep = std::size_t{4} << 20;
  static constexpr std::size_t kPart = 32;

  // Whether to return memory now, with `in_use` bytes in use.
  bool is_due(std::size_t in_use) noexcept {
    most_ = std::max(most_, in_use);
    if (most_ - in_use < kStep || in_use > most_ / kPart) return false;
    most_ = in_use;
    return true;
  }

 private:
  // The maximum in use since the last return.
  std::size_t most_ = 0;
};

}  // namespace scache::base
