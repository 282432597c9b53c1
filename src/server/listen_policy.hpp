// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "server/access.hpp"
#include "wire/limits.hpp"

namespace scache::server {

// ListenPolicy is how a server treats the clients of one listening socket. Its owner may change it
// while clients are connected: access and clients_of_user then apply to new clients, the rest to
// later requests. `limits.list` and `announces` must not change.
struct ListenPolicy {
  // The users that are served; without it, every client. Other clients are closed at once.
  std::optional<Access> access{};
  // Maximum number of clients of one user. For one more the server closes one of that user.
  std::size_t clients_of_user = std::numeric_limits<std::size_t>::max();
  WireLimits limits{};
  // Time limit of a request, from its first byte to the end of its exchange.
  Duration time_limit = std::chrono::seconds{3'600};
  // The maximum time to live.
  std::chrono::milliseconds ttl_limit{2'000};
  // For requests without a time to live; ttl_limit applies to it.
  std::chrono::milliseconds ttl_default = std::chrono::milliseconds::max();
  // Whether a session begins with the greeting.
  bool announces = true;
  // The name of a client's stream in log lines.
  std::string source = "scache socket";
};

}  // namespace scache::server
