// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <toml++/toml.h>

#include <optional>
#include <string>

#include "standalone/configuration.hpp"
#include "standalone/configuration_values.hpp"
#include "standalone/identities.hpp"

namespace scache::standalone {

// The values of a socket in the configuration. `key` is the full name of the key, for complaints.

std::optional<std::string> read_socket_path(const toml::node& node, const std::string& key,
                                            Complaints& complaints);
std::optional<mode_t> read_mode(const toml::node& node, const std::string& key,
                                Complaints& complaints);
// The owner or the group; an empty string means none.
std::optional<Identity> read_owner(const toml::node& node, const LookUpId& look,
                                   const std::string& key, std::string_view what,
                                   Complaints& complaints);

std::string show_mode(mode_t mode);
std::string show_owner(const std::optional<Identity>& owner);

}  // namespace scache::standalone
