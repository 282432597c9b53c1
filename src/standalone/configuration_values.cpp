// SPDX-License-Identifier: Apache-2.0
#include "standalone/configuration_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/duration_text.hpp"

namespace scache::standalone {
namespace {

std::optional<std::string> bytes_in(const toml::array& list) {
  std::string bytes;
  for (const toml::node& each : list) {
    const auto* number = each.as_integer();
    if (number == nullptr || **number < 0 || **number > 0xff) return std::nullopt;
    bytes += static_cast<char>(**number);
  }
  return bytes;
}

}  // namespace

std::optional<Duration> read_duration(const toml::node& node, const std::string& key,
                                      Duration least, Duration most, Complaints& complaints) {
  const auto text = node.value<std::string>();
  const auto time = text && node.is_string() ? parse_duration(*text) : std::nullopt;
  if (!time) {
    complaints.add(node.source(),
                   fmt::format("{} must be a time such as \"100ms\", \"30s\", \"5m\"", key));
    return std::nullopt;
  }
  if (*time < least || *time > most) {
    complaints.add(node.source(), fmt::format("{} must be from {} to {}", key, show_duration(least),
                                              show_duration(most)));
    return std::nullopt;
  }
  return time;
}

std::optional<std::size_t> read_count(const toml::node& node, const std::string& key,
                                      std::size_t least, std::size_t most, Complaints& complaints) {
  const auto* const number = node.as_integer();
  if (number == nullptr) {
    complaints.add(node.source(), fmt::format("{} must be a whole number", key));
    return std::nullopt;
  }
  if (**number < static_cast<std::int64_t>(least) || **number > static_cast<std::int64_t>(most)) {
    complaints.add(node.source(), most == kAnyCount
                                      ? fmt::format("{} must be {} or more", key, least)
                                      : fmt::format("{} must be from {} to {}", key, least, most));
    return std::nullopt;
  }
  return static_cast<std::size_t>(**number);
}

std::optional<std::string> read_bytes(const toml::node& node, const std::string& key,
                                      std::size_t most, Complaints& complaints) {
  std::optional<std::string> bytes;
  if (const auto* text = node.as_string(); text != nullptr) bytes = **text;
  if (const auto* list = node.as_array(); list != nullptr) bytes = bytes_in(*list);
  if (bytes && bytes->size() <= most) return bytes;
  complaints.add(node.source(), fmt::format("{} must be a string, or a list of numbers from 0 to "
                                            "255, of at most {} bytes",
                                            key, most));
  return std::nullopt;
}

std::string read_endpoint(const toml::table& table, std::string_view name, Complaints& complaints) {
  const toml::node* const endpoint = table.get("endpoint");
  if (endpoint != nullptr && endpoint->is_string()) return **endpoint->as_string();
  complaints.add((endpoint != nullptr ? *endpoint : table).source(),
                 fmt::format("{}.endpoint must be a pattern such as \"smtp*\"", name));
  return {};
}

std::string in_quotes(std::string_view text) {
  std::string shown = "\"";
  for (const char byte : text) {
    if (byte == '"' || byte == '\\') {
      shown += '\\';
      shown += byte;
    } else if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f) {
      shown += fmt::format("\\u{:04X}", static_cast<unsigned>(byte));
    } else {
      shown += byte;
    }
  }
  return shown + '"';
}

std::string show_bytes(std::string_view bytes) {
  const auto is_ascii = [](char byte) { return static_cast<unsigned char>(byte) < 0x80; };
  if (std::ranges::all_of(bytes, is_ascii)) return in_quotes(bytes);
  std::string list;
  for (const char byte : bytes) {
    list += fmt::format("{}{}", list.empty() ? "" : ", ", static_cast<unsigned char>(byte));
  }
  return fmt::format("[{}]", list);
}

void Complaints::add(const toml::source_region& where, std::string text) {
  complaints_.push_back(
      {std::max(where.begin.line, 1U), std::max(where.begin.column, 1U), std::move(text)});
}

std::vector<std::string> Complaints::take(const std::string& file) {
  std::ranges::stable_sort(complaints_, {},
                           [](const Complaint& each) { return std::pair{each.line, each.column}; });
  std::vector<std::string> lines;
  for (const Complaint& each : std::exchange(complaints_, {})) {
    lines.push_back(fmt::format("{}:{}:{}: {}", file, each.line, each.column, each.text));
  }
  return lines;
}

}  // namespace scache::standalone
