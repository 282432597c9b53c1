#pragma once

#include <algorithm>
#include <cstddef>

#include "base/rooms.hpp"

namespace scache::base {

// Gives free memory of the heap back to the system, wherever it lies.
void return_free_memory() noexcept;

// MemoryReturn says when that pays: once nearly all of much memory is free. While more is in use,
// free pieces lie between used ones: looking through those of 275 MiB takes 100 ms where half is in
// use, finds hardly a whole page, and holds everybody up; at a thirty-second it takes 45 ms, once.
class MemoryReturn {
 public:
  // Less is not worth a look.
  static constexpr std::size_t kStep = std::size_t{4} << 20;
  static constexpr std::size_t kPart = 32;

  // Whether it is time, when so many bytes are in use now.
  bool is_due(std::size_t in_use) noexcept {
    most_ = std::max(most_, in_use);
    if (most_ - in_use < kStep || in_use > most_ / kPart) return false;
    most_ = in_use;
    return true;
  }

 private:
  // In use since the last time.
  std::size_t most_ = 0;
};

}  // namespace scache::base
