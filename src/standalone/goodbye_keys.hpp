// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <toml++/toml.h>

#include <string>

#include "standalone/configuration.hpp"
#include "standalone/configuration_values.hpp"

namespace scache::standalone {

// One table [[goodbye]], and all of them as text.
void read_goodbye(const toml::table& table, Configuration& configuration, Complaints& complaints);
std::string show_goodbyes(const Configuration& configuration);

}  // namespace scache::standalone
