// SPDX-License-Identifier: Apache-2.0
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
#include "health/goodbye.hpp"
#include "health/probe.hpp"
#include "server/access.hpp"
#include "server/hand_out.hpp"
#include "standalone/listener.hpp"
#include "standalone/postfix_settings.hpp"
#include "standalone/server_log.hpp"
#include "wire/limits.hpp"

namespace scache::standalone {

// A user or a group: the name in the configuration, and the id.
struct Identity {
  // Empty if the configuration has the id.
  std::string name;
  std::uint32_t number = 0;
};

// What users and members of groups may do, and with which names.
struct GrantTable {
  std::vector<Identity> users{};
  std::vector<Identity> groups{};
  Actions actions = Actions::all();
  std::vector<std::string> names{"*"};
};

// A socket, and the users that are served there: [socket] with [access], or a [[listen]].
struct SocketTable {
  std::string path;
  std::optional<Identity> owner{};
  std::optional<Identity> group{};
  mode_t mode = 0600;
  // The users that may do everything, besides root and the server's own user.
  std::vector<Identity> users{};
  std::vector<Identity> groups{};
  // The name of a client in log lines.
  std::string tag = "client";
  // The directory of Postfix's main.cf, if the socket is for Postfix's programs; and what the file
  // says.
  std::string postfix{};
  std::optional<PostfixSettings> main_cf{};

  Place place() const;
};

// How connections of matching endpoints are handed out.
struct HandOutRule {
  std::string endpoint;
  HandOut hand_out{};
};

// The goodbye of matching endpoints.
struct GoodbyeRule {
  std::string endpoint;
  // Empty if the configuration gives the bytes.
  std::string protocol;
  // A goodbye of no bytes is none.
  Goodbye goodbye;
};

// The probe of matching endpoints.
struct ProbeRule {
  std::string endpoint;
  // Empty if the configuration gives the bytes.
  std::string protocol;
  // A probe of no bytes is none.
  Probe probe;
};

// The values of scached.toml(5), with their defaults.
struct Configuration {
  std::string socket_path;
  std::optional<Identity> socket_owner;
  std::optional<Identity> socket_group;
  mode_t socket_mode = 0600;

  std::vector<Identity> users;
  std::vector<Identity> groups;
  std::vector<GrantTable> grants;

  // Further sockets.
  std::vector<SocketTable> listens;

  Duration ttl_default = std::chrono::seconds{30};
  Duration ttl_limit = std::chrono::hours{1};

  // Zero: as many as the number of descriptors allows.
  std::size_t clients = 0;
  std::size_t connections = 0;
  // Zero: no limit.
  std::size_t connections_of_endpoint = 0;
  std::size_t connections_of_user = 0;
  std::size_t bindings = 0;
  std::size_t bindings_of_destination = CacheLimits{}.bindings_of_destination;
  std::size_t bindings_of_user = 0;
  std::size_t connection_bytes = CacheLimits{}.connection_bytes;
  std::size_t connection_bytes_of_user = 0;
  std::size_t binding_bytes = CacheLimits{}.binding_bytes;
  std::size_t binding_bytes_of_user = 0;
  std::size_t name_bytes = WireLimits{}.name;
  std::size_t properties_bytes = WireLimits{}.properties;
  Duration request_time = std::chrono::seconds{30};

  LogTarget log_target = LogTarget::standard_error;
  LogLevel log_level = LogLevel::info;

  Duration statistics_interval = std::chrono::minutes{10};

  // The first match applies; without a match, the defaults.
  std::vector<HandOutRule> hand_outs;

  // The first match applies. Without a match there is no goodbye.
  std::vector<GoodbyeRule> goodbyes;

  // The first match applies. Without a match there is no probe.
  std::vector<ProbeRule> probes;

  // How the connections of an endpoint are handed out. Valid until the configuration changes.
  const HandOut& hand_out(std::string_view endpoint) const noexcept;
  // What a connection of an endpoint sends before it is closed; null if nothing.
  const Goodbye* goodbye(std::string_view endpoint) const noexcept;
  // How an idle connection of an endpoint is checked; null if it is not.
  const Probe* probe(std::string_view endpoint) const noexcept;
  // All sockets; the first is that of [socket].
  std::vector<SocketTable> sockets() const;
  // The interval of the statistics: the shortest that is configured.
  Duration shortest_statistics_interval() const noexcept;
  // The limits of a cache that may have so many connections.
  CacheLimits cache_limits(std::size_t connections) const noexcept;
  // Whether users other than the server's own user and root have access.
  bool admits_others() const noexcept;
  // The users that a server running as `own` serves at a socket, and what they may do.
  Access access(const SocketTable& socket, uid_t own, const OverflowIds& overflow) const;
};

// The tables that differ and take effect only at the next start, for example "socket and limits";
// empty if none.
std::string differs_until_restart(const Configuration& old, const Configuration& now);

}  // namespace scache::standalone
