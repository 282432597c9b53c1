// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cache/record.hpp"

namespace scache::cache {

// The reason why an entry left the cache.
enum class Departure : std::uint8_t {
  found,
  expired,
  // For a newer connection of the same endpoint, a newer binding of the same destination, or a
  // newer entry of the same user, which has a limit of its own.
  evicted_for_endpoint,
  evicted_for_destination,
  evicted_for_user,
  // The cache is full, and no user holds more than the user of this entry.
  evicted_for_share,
  dead,
  dropped,
  // Dropped while somebody may be using it: a client that does not know that it was saved, or a
  // probe.
  withdrawn,
};
constexpr bool is_eviction(Departure why) noexcept {
  return why >= Departure::evicted_for_endpoint && why <= Departure::evicted_for_share;
}

// The cache calls its observers at each change, in the order in which they were added. An observer
// must not call the cache and must not throw, because the cache may be inconsistent at that moment.
//
// A connection is saved, then claimed and returned any number of times, and then leaves.
class CacheObserver {
 public:
  virtual ~CacheObserver() = default;

  virtual void connection_saved(const ConnectionRecord&) noexcept {}
  // A lookup has found it. Other lookups do not find it until it is returned.
  virtual void connection_claimed(const ConnectionRecord&) noexcept {}
  virtual void connection_returned(const ConnectionRecord&) noexcept {}
  // The descriptor is still open.
  virtual void connection_left(const ConnectionRecord&, Departure) noexcept {}
  virtual void binding_saved(const BindingRecord&) noexcept {}
  virtual void binding_renewed(const BindingRecord&) noexcept {}
  virtual void binding_left(const BindingRecord&, Departure) noexcept {}
};

}  // namespace scache::cache
