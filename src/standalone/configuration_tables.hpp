// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <toml++/toml.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/accounts.hpp"
#include "standalone/configuration.hpp"
#include "standalone/configuration_keys.hpp"

namespace scache::standalone {

// An array of tables of the configuration, such as [[grant]], with the functions that read one
// table and print all of them.
struct TableArray {
  std::string_view name;
  std::function<void(const toml::table&, Configuration&, Complaints&)> read;
  std::function<std::string(const Configuration&)> show;
};

// All arrays of tables in the order of the output.
std::vector<TableArray> configuration_tables(const Accounts& accounts);

// Reads all tables of an array.
void read_tables(const TableArray& array, const toml::node& node, Configuration& configuration,
                 Complaints& complaints);

}  // namespace scache::standalone
