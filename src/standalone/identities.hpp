// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/accounts.hpp"
#include "standalone/configuration.hpp"
#include "standalone/configuration_values.hpp"

namespace scache::standalone {

// Users and groups in the configuration, by name or by number.

// Finds the id of a name.
using LookUpId = std::function<std::optional<std::uint32_t>(const std::string& name)>;
LookUpId user_ids(const Accounts& accounts);
LookUpId group_ids(const Accounts& accounts);

// Reads one, or a list. `key` and `what` ("user" or "group") are for complaints.
std::optional<Identity> read_identity(const toml::node& node, const LookUpId& look,
                                      std::string_view key, std::string_view what,
                                      Complaints& complaints);
std::vector<Identity> read_identities(const toml::node& node, const LookUpId& look,
                                      std::string_view key, std::string_view what,
                                      Complaints& complaints);

std::string show_identity(const Identity& identity);
std::string show_identities(const std::vector<Identity>& identities);

}  // namespace scache::standalone
