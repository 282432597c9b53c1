// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/fd.hpp"

namespace scache::cache {

// The reason why an entry left the cache.
enum class Departure : std::uint8_t { found, expired, evicted, dead, dropped };

// The cache calls CacheObserver for each change. Texts are valid during the call only. An observer
// must not call the cache and must not throw, because the cache may be inconsistent at that moment.
class CacheObserver {
 public:
  virtual ~CacheObserver() = default;

  virtual void connection_saved(std::string_view endpoint, std::string_view properties,
                                int descriptor) noexcept = 0;
  // The observer takes ownership of the descriptor. `owner` is the user that saved it.
  virtual void connection_left(std::string_view endpoint, std::string_view properties, Fd fd,
                               std::uint32_t owner, Departure why) noexcept = 0;
  virtual void binding_saved(std::string_view destination, std::string_view properties,
                             std::string_view endpoint, bool renewed) noexcept = 0;
  virtual void binding_left(std::string_view destination, std::string_view properties,
                            std::string_view endpoint, Departure why) noexcept = 0;
};

}  // namespace scache::cache
