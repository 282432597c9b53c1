// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <toml++/toml.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/accounts.hpp"
#include "standalone/configuration.hpp"
#include "standalone/configuration_values.hpp"

namespace scache::standalone {

// One key of the configuration, with the functions that read and print its value.
struct Key {
  std::string_view table;
  std::string_view name;
  std::function<void(const toml::node&, Configuration&, Complaints&)> read;
  std::function<std::string(const Configuration&)> show;
};

// All keys in the order of the output. The keys of a table are adjacent.
std::vector<Key> configuration_keys(const Accounts& accounts);

}  // namespace scache::standalone
