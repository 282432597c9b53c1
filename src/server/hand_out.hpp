// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/clock.hpp"
#include "base/rooms.hpp"

namespace scache::server {

// How the connections of an endpoint are handed out, and for how long.
struct HandOut {
  // Whether the newest connection is found first.
  bool newest_first = false;
  // Whether a connection may have unread input.
  bool allow_input = false;
  // The maximum time since the first save; zero for no limit.
  Duration max_age{};
  // The maximum number of lookups that find a connection; zero for no limit.
  std::uint64_t max_uses = 0;

  bool limits_life() const noexcept { return max_age != Duration{} || max_uses > 0; }
  // The time of a connection's life, from max_age. Each connection has its own, up to a tenth less
  // than max_age, so that those opened together do not end together. It depends only on the id, so
  // that a connection keeps it.
  Duration life_of(std::uint64_t id) const noexcept;
};

using HandOutOf = std::function<const HandOut&(std::string_view endpoint)>;

}  // namespace scache::server
