// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <toml++/toml.h>

#include <string>
#include <vector>

#include "base/accounts.hpp"
#include "base/log.hpp"
#include "standalone/configuration.hpp"
#include "standalone/configuration_values.hpp"

namespace scache::standalone {

// The tables [[listen]].
void read_listen(const toml::table& table, const Accounts& accounts, Configuration& configuration,
                 Complaints& complaints);
std::string show_listens(const Configuration& configuration);

// Reads main.cf for the tables that name its directory, and sets what they leave open: the path,
// the owner, the users and the tag. Returns the complaints. Warnings go to the log.
std::vector<std::string> read_main_cf(const Accounts& accounts, Configuration& configuration,
                                      Log& log);

}  // namespace scache::standalone
