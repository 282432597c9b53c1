// SPDX-License-Identifier: Apache-2.0
#include "standalone/configuration_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/duration_text.hpp"
#include "standalone/goodbye_keys.hpp"
#include "standalone/identities.hpp"
#include "standalone/listen_keys.hpp"
#include "standalone/probe_keys.hpp"

namespace scache::standalone {
namespace {

void read_hand_out(const toml::table& table, Configuration& configuration, Complaints& complaints) {
  HandOutRule rule;
  HandOut& hand_out = rule.hand_out;
  rule.endpoint = read_endpoint(table, "hand_out", complaints);
  for (const auto& [key, value] : table) {
    if (key == "first") {
      const auto order = value.value<std::string>();
      if (order != "oldest" && order != "newest") {
        complaints.add(value.source(), "hand_out.first must be one of \"oldest\", \"newest\"");
      }
      hand_out.newest_first = order == "newest";
    } else if (key == "allow_input") {
      if (!value.is_boolean()) {
        complaints.add(value.source(), "hand_out.allow_input must be true or false");
      }
      hand_out.allow_input = value.value_or(false);
    } else if (key == "max_age") {
      constexpr Duration kMost = std::chrono::days{365};
      const auto age = read_duration(value, "hand_out.max_age", Duration{}, kMost, complaints);
      hand_out.max_age = age.value_or(Duration{});
    } else if (key == "max_uses") {
      hand_out.max_uses =
          read_count(value, "hand_out.max_uses", 0, kAnyCount, complaints).value_or(0);
    } else if (key != "endpoint") {
      complaints.add(key.source(), fmt::format("unknown key hand_out.{}", key.str()));
    }
  }
  configuration.hand_outs.push_back(std::move(rule));
}

std::string show_hand_out(const Configuration& configuration) {
  std::string text;
  for (const HandOutRule& rule : configuration.hand_outs) {
    const HandOut& hand_out = rule.hand_out;
    text += fmt::format(
        "\n[[hand_out]]\nendpoint = {}\nfirst = \"{}\"\nallow_input = {}\nmax_age = {}\n"
        "max_uses = {}\n",
        in_quotes(rule.endpoint), hand_out.newest_first ? "newest" : "oldest", hand_out.allow_input,
        in_quotes(show_duration(hand_out.max_age)), hand_out.max_uses);
  }
  return text;
}

constexpr std::array kAllActions{Action::save, Action::find, Action::list, Action::drop,
                                 Action::statistics};
static_assert(kAllActions.size() == kActions);

// Calls `take` for each string of a list, which must not be empty. It returns false for a string
// that is not expected.
template <typename Take>
void read_list(const toml::node& node, const std::string& expected, Complaints& complaints,
               Take take) {
  const auto* const list = node.as_array();
  if (list == nullptr || list->empty()) return complaints.add(node.source(), expected);
  for (const toml::node& each : *list) {
    const auto text = each.value_exact<std::string>();
    if (!text || !take(*text)) complaints.add(each.source(), expected);
  }
}

Actions read_actions(const toml::node& node, Complaints& complaints) {
  Actions actions;
  read_list(node,
            "grant.requests must be a list of \"save\", \"find\", \"list\", \"drop\", "
            "\"statistics\"",
            complaints, [&](const std::string& word) {
              const auto* const action = std::ranges::find(kAllActions, word, &words_of);
              if (action == kAllActions.end()) return false;
              actions.add(*action);
              return true;
            });
  return actions;
}

std::vector<std::string> read_patterns(const toml::node& node, Complaints& complaints) {
  std::vector<std::string> patterns;
  read_list(node, "grant.names must be a list of patterns such as \"redis:*\"", complaints,
            [&](const std::string& pattern) {
              patterns.push_back(pattern);
              return true;
            });
  return patterns;
}

void read_grant(const toml::table& table, const Accounts& accounts, Configuration& configuration,
                Complaints& complaints) {
  GrantTable grant;
  for (const auto& [key, value] : table) {
    if (key == "users") {
      grant.users = read_identities(value, user_ids(accounts), "grant.users", "user", complaints);
    } else if (key == "groups") {
      grant.groups =
          read_identities(value, group_ids(accounts), "grant.groups", "group", complaints);
    } else if (key == "requests") {
      grant.actions = read_actions(value, complaints);
    } else if (key == "names") {
      grant.names = read_patterns(value, complaints);
    } else {
      complaints.add(key.source(), fmt::format("unknown key grant.{}", key.str()));
    }
  }
  if (table.get("users") == nullptr && table.get("groups") == nullptr) {
    complaints.add(table.source(), "a [[grant]] needs users or groups");
  }
  configuration.grants.push_back(std::move(grant));
}

std::string show_grants(const Configuration& configuration) {
  std::string text;
  for (const GrantTable& grant : configuration.grants) {
    std::vector<std::string> actions;
    for (const Action action : kAllActions) {
      if (grant.actions.has(action)) actions.push_back(in_quotes(words_of(action)));
    }
    std::vector<std::string> names;
    names.reserve(grant.names.size());
    for (const std::string& name : grant.names) names.push_back(in_quotes(name));
    text += fmt::format("\n[[grant]]\nusers = {}\ngroups = {}\nrequests = [{}]\nnames = [{}]\n",
                        show_identities(grant.users), show_identities(grant.groups),
                        fmt::join(actions, ", "), fmt::join(names, ", "));
  }
  return text;
}

}  // namespace

std::vector<TableArray> configuration_tables(const Accounts& accounts) {
  return {
      {"listen",
       [accounts](const toml::table& table, Configuration& into, Complaints& complaints) {
         read_listen(table, accounts, into, complaints);
       },
       &show_listens},
      {"grant",
       [accounts](const toml::table& table, Configuration& into, Complaints& complaints) {
         read_grant(table, accounts, into, complaints);
       },
       &show_grants},
      {"hand_out", &read_hand_out, &show_hand_out},
      {"goodbye", &read_goodbye, &show_goodbyes},
      {"probe", &read_probe, &show_probes},
  };
}

void read_tables(const TableArray& array, const toml::node& node, Configuration& configuration,
                 Complaints& complaints) {
  const auto complain = [&](const toml::node& wrong) {
    complaints.add(wrong.source(),
                   fmt::format("{0} must be an array of tables, each written [[{0}]]", array.name));
  };
  const auto* const tables = node.as_array();
  if (tables == nullptr) return complain(node);
  for (const toml::node& each : *tables) {
    if (const auto* const table = each.as_table()) {
      array.read(*table, configuration, complaints);
    } else {
      complain(each);
    }
  }
}

}  // namespace scache::standalone
