// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace scache::bench {

// A histogram of times in nanoseconds, with a relative error of 1/32.
class Histogram {
 public:
  void add(std::uint64_t value) noexcept {
    ++counts_[slot(value)];
    ++total_;
  }
  void clear() noexcept {
    counts_.fill(0);
    total_ = 0;
  }
  // The quantile for `part` (0 to 1).
  double quantile(double part) const noexcept {
    const auto wanted = static_cast<std::uint64_t>(part * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t at = 0; at < counts_.size(); ++at) {
      seen += counts_[at];
      if (seen > wanted) return middle(at);
    }
    return 0;
  }

 private:
  static constexpr unsigned kBits = 5;
  static constexpr std::uint64_t kSlots = std::uint64_t{1} << kBits;

  // Below kSlots each value has a slot; above, each power of two has kSlots.
  static std::size_t slot(std::uint64_t value) noexcept {
    if (value < kSlots) return value;
    const auto octave = static_cast<unsigned>(std::bit_width(value)) - 1 - kBits;
    return (octave + 1) * kSlots + ((value >> octave) - kSlots);
  }
  static double middle(std::size_t slot) noexcept {
    if (slot < kSlots) return static_cast<double>(slot);
    const std::uint64_t octave = slot / kSlots - 1;
    const double low = static_cast<double>((kSlots + slot % kSlots) << octave);
    return low + static_cast<double>(std::uint64_t{1} << octave) / 2;
  }

  std::array<std::uint64_t, (64 - kBits + 1) * kSlots> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace scache::bench
