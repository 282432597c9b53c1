// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cache/allocations.hpp"
#include "cache/observer.hpp"
#include "support/rooms.hpp"

namespace scache::test {

inline std::string_view spelt(Departure why) {
  switch (why) {
    case Departure::found:
      return "found";
    case Departure::expired:
      return "expired";
    case Departure::evicted:
      return "evicted";
    case Departure::dead:
      return "dead";
    case Departure::dropped:
      return "dropped";
  }
  return "?";
}

// RecordingObserver records one line for each change:
//
//   saved ENDPOINT 'PROPERTIES'                      left ENDPOINT 'PROPERTIES' WHY
//   bound DESTINATION 'PROPERTIES' ENDPOINT          unbound DESTINATION 'PROPERTIES' ENDPOINT WHY
//   renewed DESTINATION 'PROPERTIES' ENDPOINT
class RecordingObserver final : public CacheObserver {
 public:
  void connection_saved(std::string_view endpoint, std::string_view properties,
                        int descriptor) noexcept override {
    const SureAllocation sure;
    lines_.push_back(fmt::format("saved {} '{}'", endpoint, properties));
    saved_descriptors_.push_back(descriptor);
  }
  void connection_left(std::string_view endpoint, std::string_view properties, Fd fd, std::uint32_t,
                       Departure why) noexcept override {
    const SureAllocation sure;
    lines_.push_back(fmt::format("left {} '{}' {}", endpoint, properties, spelt(why)));
    left_descriptors_.push_back(fd.get());
  }
  void binding_saved(std::string_view destination, std::string_view properties,
                     std::string_view endpoint, bool renewed) noexcept override {
    const SureAllocation sure;
    lines_.push_back(fmt::format("{} {} '{}' {}", renewed ? "renewed" : "bound", destination,
                                 properties, endpoint));
  }
  void binding_left(std::string_view destination, std::string_view properties,
                    std::string_view endpoint, Departure why) noexcept override {
    const SureAllocation sure;
    lines_.push_back(
        fmt::format("unbound {} '{}' {} {}", destination, properties, endpoint, spelt(why)));
  }

  // The lines since the last call.
  std::vector<std::string> take() { return std::exchange(lines_, {}); }
  std::vector<int> take_saved_descriptors() { return std::exchange(saved_descriptors_, {}); }
  std::vector<int> take_left_descriptors() { return std::exchange(left_descriptors_, {}); }

 private:
  std::vector<std::string> lines_;
  std::vector<int> saved_descriptors_;
  std::vector<int> left_descriptors_;
};

// QuietObserver only closes the connections that leave, and allocates nothing.
class QuietObserver final : public CacheObserver {
 public:
  void connection_saved(std::string_view, std::string_view, int) noexcept override { ++told; }
  void connection_left(std::string_view, std::string_view, Fd, std::uint32_t,
                       Departure) noexcept override {
    ++told;
  }
  void binding_saved(std::string_view, std::string_view, std::string_view, bool) noexcept override {
    ++told;
  }
  void binding_left(std::string_view, std::string_view, std::string_view,
                    Departure) noexcept override {
    ++told;
  }

  int told = 0;
};

}  // namespace scache::test
