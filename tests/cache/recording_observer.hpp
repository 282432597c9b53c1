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
    case Departure::evicted_for_endpoint:
      return "evicted for its endpoint";
    case Departure::evicted_for_destination:
      return "evicted for its destination";
    case Departure::evicted_for_user:
      return "evicted for its user";
    case Departure::evicted_for_share:
      return "evicted for a share";
    case Departure::dead:
      return "dead";
    case Departure::withdrawn:
      return "withdrawn";
    case Departure::dropped:
      return "dropped";
  }
  return "?";
}

// RecordingObserver records one line for each change:
//
//   saved ENDPOINT 'PROPERTIES'                      left ENDPOINT 'PROPERTIES' WHY
//   claimed ENDPOINT 'PROPERTIES'                    returned ENDPOINT 'PROPERTIES'
//   bound DESTINATION 'PROPERTIES' ENDPOINT          unbound DESTINATION 'PROPERTIES' ENDPOINT WHY
//   renewed DESTINATION 'PROPERTIES' ENDPOINT
class RecordingObserver final : public CacheObserver {
 public:
  void connection_saved(const ConnectionRecord& connection) noexcept override {
    const SureAllocation sure;
    record(connection, "saved {} '{}'");
    saved_descriptors_.push_back(connection.descriptor);
  }
  void connection_claimed(const ConnectionRecord& connection) noexcept override {
    record(connection, "claimed {} '{}'");
  }
  void connection_returned(const ConnectionRecord& connection) noexcept override {
    record(connection, "returned {} '{}'");
  }
  void connection_left(const ConnectionRecord& connection, Departure why) noexcept override {
    const SureAllocation sure;
    lines_.push_back(
        fmt::format("left {} '{}' {}", connection.endpoint, connection.properties, spelt(why)));
    left_descriptors_.push_back(connection.descriptor);
  }
  void binding_saved(const BindingRecord& binding) noexcept override {
    record(binding, "bound {} '{}' {}");
  }
  void binding_renewed(const BindingRecord& binding) noexcept override {
    record(binding, "renewed {} '{}' {}");
  }
  void binding_left(const BindingRecord& binding, Departure why) noexcept override {
    const SureAllocation sure;
    lines_.push_back(fmt::format("unbound {} '{}' {} {}", binding.destination, binding.properties,
                                 binding.endpoint, spelt(why)));
  }

  // The lines since the last call.
  std::vector<std::string> take() { return std::exchange(lines_, {}); }
  std::vector<int> take_saved_descriptors() { return std::exchange(saved_descriptors_, {}); }
  std::vector<int> take_left_descriptors() { return std::exchange(left_descriptors_, {}); }

 private:
  void record(const ConnectionRecord& connection, const char* format) {
    const SureAllocation sure;
    lines_.push_back(fmt::format(fmt::runtime(format), connection.endpoint, connection.properties));
  }
  void record(const BindingRecord& binding, const char* format) {
    const SureAllocation sure;
    lines_.push_back(fmt::format(fmt::runtime(format), binding.destination, binding.properties,
                                 binding.endpoint));
  }

  std::vector<std::string> lines_;
  std::vector<int> saved_descriptors_;
  std::vector<int> left_descriptors_;
};

// QuietObserver counts the changes, and allocates nothing.
class QuietObserver final : public CacheObserver {
 public:
  void connection_saved(const ConnectionRecord&) noexcept override { ++told; }
  void connection_left(const ConnectionRecord&, Departure) noexcept override { ++told; }
  void binding_saved(const BindingRecord&) noexcept override { ++told; }
  void binding_left(const BindingRecord&, Departure) noexcept override { ++told; }

  int told = 0;
};

}  // namespace scache::test
