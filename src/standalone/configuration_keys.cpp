// SPDX-License-Identifier: Apache-2.0
#include "standalone/configuration_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "base/duration_text.hpp"
#include "standalone/identities.hpp"
#include "standalone/socket_values.hpp"

// The table of all keys of scached.toml is configuration_keys(). The functions above it create the
// functions that read and print one kind of value.

namespace scache::standalone {
namespace {

using namespace std::chrono_literals;

std::string full_name(std::string_view table, std::string_view name) {
  return fmt::format("{}.{}", table, name);
}

Key duration(std::string_view table, std::string_view name, Duration Configuration::* member,
             Duration least, Duration most) {
  const auto read = [=](const toml::node& node, Configuration& into, Complaints& complaints) {
    const auto time = read_duration(node, full_name(table, name), least, most, complaints);
    if (time) into.*member = *time;
  };
  const auto show = [=](const Configuration& all) { return in_quotes(show_duration(all.*member)); };
  return {table, name, read, show};
}

Key count(std::string_view table, std::string_view name, std::size_t Configuration::* member,
          std::size_t least, std::size_t most = kAnyCount) {
  const auto read = [=](const toml::node& node, Configuration& into, Complaints& complaints) {
    const auto number = read_count(node, full_name(table, name), least, most, complaints);
    if (number) into.*member = *number;
  };
  return {table, name, read, [=](const Configuration& all) { return fmt::to_string(all.*member); }};
}

// One of `words`, which are in the order of the values of the enumeration.
template <typename Choice>
Key choice(std::string_view table, std::string_view name, Choice Configuration::* member,
           std::span<const std::string_view> words) {
  const auto read = [=](const toml::node& node, Configuration& into, Complaints& complaints) {
    const auto* text = node.as_string();
    const auto word = text == nullptr ? words.end() : std::ranges::find(words, **text);
    if (word == words.end()) {
      std::string all;
      for (const std::string_view each : words) {
        all += fmt::format("{}\"{}\"", all.empty() ? "" : ", ", each);
      }
      complaints.add(node.source(),
                     fmt::format("{} must be one of {}", full_name(table, name), all));
    } else {
      into.*member = static_cast<Choice>(word - words.begin());
    }
  };
  const auto show = [=](const Configuration& all) {
    return in_quotes(words[static_cast<std::size_t>(all.*member)]);
  };
  return {table, name, read, show};
}

constexpr std::array<std::string_view, 2> kTargets{"stderr", "syslog"};
constexpr std::array<std::string_view, 4> kLevels{"error", "warning", "info", "debug"};

Key socket_path() {
  const auto read = [](const toml::node& node, Configuration& into, Complaints& complaints) {
    const auto path = read_socket_path(node, "socket.path", complaints);
    if (path) into.socket_path = *path;
  };
  return {"socket", "path", read,
          [](const Configuration& all) { return in_quotes(all.socket_path); }};
}

Key socket_mode() {
  const auto read = [](const toml::node& node, Configuration& into, Complaints& complaints) {
    const auto mode = read_mode(node, "socket.mode", complaints);
    if (mode) into.socket_mode = *mode;
  };
  return {"socket", "mode", read,
          [](const Configuration& all) { return show_mode(all.socket_mode); }};
}

Key identity(std::string_view name, std::optional<Identity> Configuration::* member,
             const LookUpId& look, std::string_view what) {
  const auto read = [=](const toml::node& node, Configuration& into, Complaints& complaints) {
    into.*member = read_owner(node, look, full_name("socket", name), what, complaints);
  };
  return {"socket", name, read, [=](const Configuration& all) { return show_owner(all.*member); }};
}

Key identities(std::string_view name, std::vector<Identity> Configuration::* member,
               const LookUpId& look, std::string_view what) {
  const auto read = [=](const toml::node& node, Configuration& into, Complaints& complaints) {
    into.*member = read_identities(node, look, full_name("access", name), what, complaints);
  };
  return {"access", name, read,
          [=](const Configuration& all) { return show_identities(all.*member); }};
}

}  // namespace

std::vector<Key> configuration_keys(const Accounts& accounts) {
  using C = Configuration;
  const LookUpId user = user_ids(accounts);
  const LookUpId group = group_ids(accounts);
  return {
      socket_path(),
      identity("owner", &C::socket_owner, user, "user"),
      identity("group", &C::socket_group, group, "group"),
      socket_mode(),
      identities("users", &C::users, user, "user"),
      identities("groups", &C::groups, group, "group"),
      duration("ttl", "default", &C::ttl_default, 1ms, 24h * 365),
      duration("ttl", "limit", &C::ttl_limit, 1ms, 24h * 365),
      count("limits", "clients", &C::clients, 0),
      count("limits", "connections", &C::connections, 0),
      count("limits", "connections_of_endpoint", &C::connections_of_endpoint, 0),
      count("limits", "connections_of_user", &C::connections_of_user, 0),
      count("limits", "bindings", &C::bindings, 0),
      count("limits", "bindings_of_destination", &C::bindings_of_destination, 1, 65'536),
      count("limits", "bindings_of_user", &C::bindings_of_user, 0),
      count("limits", "connection_bytes", &C::connection_bytes, std::size_t{1} << 20),
      count("limits", "connection_bytes_of_user", &C::connection_bytes_of_user, 0),
      count("limits", "binding_bytes", &C::binding_bytes, std::size_t{1} << 20),
      count("limits", "binding_bytes_of_user", &C::binding_bytes_of_user, 0),
      // Larger values do not fit into a frame of the direct protocol.
      count("limits", "name_bytes", &C::name_bytes, 1, WireLimits{}.name),
      count("limits", "properties_bytes", &C::properties_bytes, 1, WireLimits{}.properties),
      duration("limits", "request_time", &C::request_time, 100ms, 24h),
      choice("log", "target", &C::log_target, kTargets),
      choice("log", "level", &C::log_level, kLevels),
      duration("statistics", "interval", &C::statistics_interval, 1s, 24h * 365),
  };
}

}  // namespace scache::standalone
