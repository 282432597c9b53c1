#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "cache/cache.hpp"
#include "server/access.hpp"
#include "standalone/listener.hpp"
#include "standalone/server_log.hpp"
#include "wire/limits.hpp"

namespace scache::standalone {

// A user or a group, as the configuration names it and as the kernel does.
struct Identity {
  // Empty where the configuration gives the number.
  std::string name;
  std::uint32_t number = 0;
};

// Which connection of an endpoint is handed out first, for the endpoints of a pattern.
struct HandOut {
  std::string endpoint;
  bool newest_first = false;
};

// What scached.toml says, and what holds where it says nothing. scached.toml(5) explains each.
struct Configuration {
  std::string socket_path;
  std::optional<Identity> socket_owner;
  std::optional<Identity> socket_group;
  mode_t socket_mode = 0600;

  std::vector<Identity> users;
  std::vector<Identity> groups;

  Duration ttl_default = std::chrono::seconds{30};
  Duration ttl_limit = std::chrono::hours{1};

  // Zero for either: as many as there are descriptors for.
  std::size_t clients = 0;
  std::size_t connections = 0;
  std::size_t bindings_of_destination = CacheLimits{}.bindings_of_destination;
  std::size_t connection_bytes = CacheLimits{}.connection_bytes;
  std::size_t binding_bytes = CacheLimits{}.binding_bytes;
  std::size_t name_bytes = WireLimits{}.name;
  std::size_t properties_bytes = WireLimits{}.properties;
  Duration request_time = std::chrono::seconds{30};

  LogTarget log_target = LogTarget::standard_error;
  LogLevel log_level = LogLevel::info;

  Duration statistics_interval = std::chrono::minutes{10};

  // The first that matches holds; where none does, the oldest is first.
  std::vector<HandOut> hand_out;

  // Whether the newest connection of an endpoint is found first.
  bool newest_first(std::string_view endpoint) const noexcept;
  Place place() const;
  // Whether others are served than the server's own user and root.
  bool admits_others() const noexcept { return !users.empty() || !groups.empty(); }
  // Whom a server serves that runs as `own`.
  Access access(uid_t own, const OverflowIds& overflow) const;
};

// Settings that are read at the start only and differ between the two, as in "socket and limits";
// empty where there are none.
std::string differs_until_restart(const Configuration& old, const Configuration& now);

}  // namespace scache::standalone
