// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <toml++/toml.h>

#include <string>

#include "standalone/configuration.hpp"
#include "standalone/configuration_values.hpp"

namespace scache::standalone {

// One table [[probe]], and all of them as text.
void read_probe(const toml::table& table, Configuration& configuration, Complaints& complaints);
std::string show_probes(const Configuration& configuration);

}  // namespace scache::standalone
