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

auto socket_of(const Configuration& all) {
  return std::tuple{all.socket_path, number(all.socket_owner), number(all.socket_group),
                    all.socket_mode};
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

Place Configuration::place() const {
  Place place{.path = socket_path, .mode = socket_mode};
  if (socket_owner) place.owner = socket_owner->number;
  if (socket_group) place.group = socket_group->number;
  return place;
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

Access Configuration::access(uid_t own, const OverflowIds& overflow) const {
  std::vector<Grant> all;
  all.reserve(grants.size());
  for (const GrantTable& each : grants) {
    all.push_back({.users = numbers(each.users),
                   .groups = numbers(each.groups),
                   .actions = each.actions,
                   .names = each.names});
  }
  return Access{own, numbers(users), numbers(groups), overflow, std::move(all)};
}

std::string differs_until_restart(const Configuration& old, const Configuration& now) {
  const bool socket = socket_of(old) != socket_of(now);
  const bool limits = limits_of(old) != limits_of(now);
  if (socket && limits) return "socket and limits";
  if (socket) return "socket";
  return limits ? "limits" : "";
}

}  // namespace scache::standalone
