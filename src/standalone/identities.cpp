// SPDX-License-Identifier: Apache-2.0
#include "standalone/identities.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace scache::standalone {

LookUpId user_ids(const Accounts& accounts) {
  return [accounts](const std::string& name) -> std::optional<std::uint32_t> {
    const auto account = accounts.named(name);
    return account ? std::optional{account->uid} : std::nullopt;
  };
}

LookUpId group_ids(const Accounts& accounts) {
  return [accounts](const std::string& name) -> std::optional<std::uint32_t> {
    return accounts.group_named(name);
  };
}

std::optional<Identity> read_identity(const toml::node& node, const LookUpId& look,
                                      std::string_view key, std::string_view what,
                                      Complaints& complaints) {
  // The id -1 is reserved.
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max() - std::int64_t{1};
  if (const auto* number = node.as_integer();
      number != nullptr && **number >= 0 && **number <= kMost) {
    return Identity{{}, static_cast<std::uint32_t>(**number)};
  }
  if (const auto* name = node.as_string(); name != nullptr) {
    if (const auto number = look(**name)) return Identity{**name, *number};
    complaints.add(node.source(), fmt::format("{}: unknown {} {}", key, what, in_quotes(**name)));
    return std::nullopt;
  }
  complaints.add(node.source(),
                 fmt::format("{} must be the name or the number of a {}", key, what));
  return std::nullopt;
}

std::vector<Identity> read_identities(const toml::node& node, const LookUpId& look,
                                      std::string_view key, std::string_view what,
                                      Complaints& complaints) {
  std::vector<Identity> all;
  const auto* list = node.as_array();
  if (list == nullptr) {
    complaints.add(node.source(), fmt::format("{} must be a list of {}s", key, what));
    return all;
  }
  for (const toml::node& each : *list) {
    auto found = read_identity(each, look, key, what, complaints);
    if (found) all.push_back(*std::move(found));
  }
  return all;
}

std::string show_identity(const Identity& identity) {
  return identity.name.empty() ? fmt::to_string(identity.number) : in_quotes(identity.name);
}

std::string show_identities(const std::vector<Identity>& identities) {
  std::string list;
  for (const Identity& each : identities) {
    if (!list.empty()) list += ", ";
    list += show_identity(each);
  }
  return fmt::format("[{}]", list);
}

}  // namespace scache::standalone
