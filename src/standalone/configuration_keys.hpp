// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <toml++/toml.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/accounts.hpp"
#include "standalone/configuration.hpp"

namespace scache::standalone {

// Complaints collects the errors of a file with their positions.
class Complaints {
 public:
  // An unknown position counts as the beginning of the file.
  void add(const toml::source_region& where, std::string text);
  // In the order of the file.
  std::vector<std::string> take(const std::string& file);

 private:
  struct Complaint {
    std::uint32_t line;
    std::uint32_t column;
    std::string text;
  };
  std::vector<Complaint> complaints_;
};

// One key of the configuration, with the functions that read and print its value.
struct Key {
  std::string_view table;
  std::string_view name;
  std::function<void(const toml::node&, Configuration&, Complaints&)> read;
  std::function<std::string(const Configuration&)> show;
};

// All keys in the order of the output. The keys of a table are adjacent.
std::vector<Key> configuration_keys(const Accounts& accounts);

// Reads one value, with its limits. Complains and returns nothing if it is wrong. `key` is its full
// name.
inline constexpr std::size_t kAnyCount = std::numeric_limits<std::int64_t>::max();
std::optional<Duration> read_duration(const toml::node& node, const std::string& key,
                                      Duration least, Duration most, Complaints& complaints);
std::optional<std::size_t> read_count(const toml::node& node, const std::string& key,
                                      std::size_t least, std::size_t most, Complaints& complaints);

// A TOML string.
std::string in_quotes(std::string_view text);

}  // namespace scache::standalone
