// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <variant>

#include "base/rooms.hpp"

namespace scache::wire {

// The requests of a client. Views are valid as long as the bytes that they were read from.

// The request has no time to live: the server's default applies.
inline constexpr std::chrono::milliseconds kNoTtl{0};

// The history of a connection, which a client received with it and returns when it saves the
// connection again.
struct Past {
  // 0: a new connection.
  std::uint64_t connection = 0;
  std::uint64_t uses = 0;
  // Time since the first save.
  std::chrono::milliseconds age{};
};

struct SaveEndpoint {
  std::chrono::milliseconds ttl{};
  std::string_view endpoint;
  std::string_view properties;
  Past past{};
  // Whether the connection may have unread input, whatever the configuration says.
  bool allow_input = false;
};

struct FindEndpoint {
  std::string_view endpoint;
};

struct SaveDestination {
  std::chrono::milliseconds ttl{};
  std::string_view destination;
  std::string_view properties;
  std::string_view endpoint;
};

struct FindDestination {
  std::string_view destination;
};

using Request = std::variant<SaveEndpoint, FindEndpoint, SaveDestination, FindDestination>;

}  // namespace scache::wire
