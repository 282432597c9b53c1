// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <toml++/toml.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/rooms.hpp"

// Values of scached.toml as text, and what is wrong with them.

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

// Each reads one value, with its limits. Complains and returns nothing if it is wrong. `key` is its
// full name.
inline constexpr std::size_t kAnyCount = std::numeric_limits<std::int64_t>::max();
std::optional<Duration> read_duration(const toml::node& node, const std::string& key,
                                      Duration least, Duration most, Complaints& complaints);
std::optional<std::size_t> read_count(const toml::node& node, const std::string& key,
                                      std::size_t least, std::size_t most, Complaints& complaints);
// A string, or a list of numbers: a TOML string cannot have every byte.
std::optional<std::string> read_bytes(const toml::node& node, const std::string& key,
                                      std::size_t most, Complaints& complaints);

// The pattern of a table, which is required. `name` is that of the table.
std::string read_endpoint(const toml::table& table, std::string_view name, Complaints& complaints);

// A TOML string.
std::string in_quotes(std::string_view text);
// A TOML value for read_bytes().
std::string show_bytes(std::string_view bytes);

// The names of protocols, for a complaint.
template <typename Known>
std::string protocols_of(std::span<const Known> all) {
  std::string text;
  for (const Known& known : all) {
    text += text.empty() ? "" : ", ";
    text += in_quotes(known.protocol);
  }
  return text;
}

}  // namespace scache::standalone
