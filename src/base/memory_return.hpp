#pragma once

#include <algorithm>
#include <cstddef>

namespace scache {

// Gives free memory of the heap back to the system, wherever it lies.
void return_free_memory() noexcept;

// MemoryReturn says when that pays: once so much was freed that the system has use for it, and
// often enough that each time takes a millisecond or two (the kernel takes some 0.1 microseconds
// for a page).
class MemoryReturn {
 public:
  static constexpr std::size_t kStep = std::size_t{16} << 20;

  // Whether it is time, when so many bytes are in use now.
  bool is_due(std::size_t in_use) noexcept {
    most_ = std::max(most_, in_use);
    if (most_ - in_use < kStep) return false;
    most_ = in_use;
    return true;
  }

 private:
  // In use since the last time.
  std::size_t most_ = 0;
};

}  // namespace scache
