// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/accounts.hpp"
#include "base/result.hpp"
#include "standalone/configuration.hpp"

namespace scache::standalone {

// Far more than a configuration needs, and small enough to keep in memory.
inline constexpr std::size_t kMaxConfigurationBytes = std::size_t{1} << 20;

// The configuration and all errors, in the order of the file. Each error begins with
// FILE:LINE:COLUMN. After an error the configuration must not be used.
struct Reading {
  Configuration configuration;
  std::vector<std::string> complaints;
};

// `file` is the name in errors.
Reading parse_configuration(std::string_view text, const std::string& file,
                            const Accounts& accounts);

// Reads a file. A file that cannot be read is an error, too.
Reading read_configuration(const std::string& file, const Accounts& accounts);

// The configuration in the format of the file.
std::string show_configuration(const Configuration& configuration);

}  // namespace scache::standalone
