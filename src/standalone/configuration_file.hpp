#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/accounts.hpp"
#include "base/result.hpp"
#include "standalone/configuration.hpp"

namespace scache::standalone {

// Far more than a configuration needs, and little enough to be read in one go.
inline constexpr std::size_t kMaxConfigurationBytes = std::size_t{1} << 20;

// What was read, and everything that is wrong with it, in the order of the file: each complaint
// begins with FILE:LINE:COLUMN. With complaints the configuration is not to be used.
struct Reading {
  Configuration configuration;
  std::vector<std::string> complaints;
};

// `file` is what complaints call it.
Reading parse_configuration(std::string_view text, const std::string& file,
                            const Accounts& accounts);

// The same from a file; one that cannot be read is a complaint.
Reading read_configuration(const std::string& file, const Accounts& accounts);

// The configuration as a file that reads back as the same.
std::string show_configuration(const Configuration& configuration);

}  // namespace scache::standalone
