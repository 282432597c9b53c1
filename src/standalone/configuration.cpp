// SPDX-License-Identifier: Apache-2.0
#include "standalone/configuration.hpp"

#include <algorithm>
#include <tuple>

#include "base/glob.hpp"

namespace scache::standalone {
namespace {

std::vector<std::uint32_t> numbers(const std::vector<Identity>& identities) {
  std::vector<std::uint32_t> all;
  all.reserve(identities.size());
  for (const Identity& identity : identities) all.push_back(identity.number);
  return all;
}

std::optional<std::uint32_t> number(const std::optional<Identity>& identity) {
  return identity ? std::optional{identity->number} : std::nullopt;
}

// What a socket is made from.
auto identity_of(const SocketTable& socket) {
  return std::tuple{socket.path, number(socket.owner), number(socket.group), socket.mode};
}

bool has_same_sockets(const Configuration& one, const Configuration& other) {
  return std::ranges::equal(one.sockets(), other.sockets(), {}, &identity_of, &identity_of);
}

// The first table that matches an endpoint; null if there is none.
template <typename Rule>
const Rule* rule_of(const std::vector<Rule>& rules, std::string_view endpoint) noexcept {
  const auto rule = std::ranges::find_if(
      rules, [&](const Rule& each) { return glob_matches(each.endpoint, endpoint); });
  return rule == rules.end() ? nullptr : &*rule;
}

auto limits_of(const Configuration& all) {
  return std::tuple{all.clients,
                    all.connections,
                    all.connections_of_endpoint,
                    all.connections_of_user,
                    all.bindings,
                    all.bindings_of_destination,
                    all.bindings_of_user,
                    all.connection_bytes,
                    all.connection_bytes_of_user,
                    all.binding_bytes,
                    all.binding_bytes_of_user,
                    all.name_bytes,
                    all.properties_bytes};
}

}  // namespace

const HandOut& Configuration::hand_out(std::string_view endpoint) const noexcept {
  static constexpr HandOut kDefault;
  const HandOutRule* const rule = rule_of(hand_outs, endpoint);
  return rule != nullptr ? rule->hand_out : kDefault;
}

const Goodbye* Configuration::goodbye(std::string_view endpoint) const noexcept {
  const GoodbyeRule* const rule = rule_of(goodbyes, endpoint);
  return rule != nullptr && !rule->goodbye.bytes.empty() ? &rule->goodbye : nullptr;
}

const Probe* Configuration::probe(std::string_view endpoint) const noexcept {
  const ProbeRule* const rule = rule_of(probes, endpoint);
  return rule != nullptr && !rule->probe.send.empty() ? &rule->probe : nullptr;
}

Place SocketTable::place() const {
  Place place{.path = path, .mode = mode};
  if (owner) place.owner = owner->number;
  if (group) place.group = group->number;
  return place;
}

std::vector<SocketTable> Configuration::sockets() const {
  std::vector<SocketTable> all{{.path = socket_path,
                                .owner = socket_owner,
                                .group = socket_group,
                                .mode = socket_mode,
                                .users = users,
                                .groups = groups}};
  all.insert(all.end(), listens.begin(), listens.end());
  return all;
}

Duration Configuration::shortest_statistics_interval() const noexcept {
  Duration shortest = statistics_interval;
  for (const SocketTable& socket : listens) {
    if (socket.main_cf)
      shortest = std::min<Duration>(shortest, socket.main_cf->statistics_interval);
  }
  return shortest;
}

bool Configuration::admits_others() const noexcept {
  const auto admits = [](const SocketTable& socket) {
    return !socket.users.empty() || !socket.groups.empty();
  };
  return !users.empty() || !groups.empty() || !grants.empty() ||
         std::ranges::any_of(listens, admits);
}

CacheLimits Configuration::cache_limits(std::size_t most_connections) const noexcept {
  const auto or_none = [](std::size_t limit) { return limit == 0 ? CacheLimits::kNone : limit; };
  return {.connections = most_connections,
          .connections_of_endpoint = or_none(connections_of_endpoint),
          .connections_of_user = or_none(connections_of_user),
          .bindings = or_none(bindings),
          .bindings_of_destination = bindings_of_destination,
          .bindings_of_user = or_none(bindings_of_user),
          .connection_bytes = connection_bytes,
          .binding_bytes = binding_bytes,
          .connection_bytes_of_user = or_none(connection_bytes_of_user),
          .binding_bytes_of_user = or_none(binding_bytes_of_user)};
}

Access Configuration::access(const SocketTable& socket, uid_t own,
                             const OverflowIds& overflow) const {
  std::vector<Grant> all;
  all.reserve(grants.size());
  for (const GrantTable& each : grants) {
    all.push_back({.users = numbers(each.users),
                   .groups = numbers(each.groups),
                   .actions = each.actions,
                   .names = each.names});
  }
  return Access{own, numbers(socket.users), numbers(socket.groups), overflow, std::move(all)};
}

std::string differs_until_restart(const Configuration& old, const Configuration& now) {
  const bool socket = !has_same_sockets(old, now);
  const bool limits = limits_of(old) != limits_of(now);
  if (socket && limits) return "socket and limits";
  if (socket) return "socket";
  return limits ? "limits" : "";
}

}  // namespace scache::standalone
