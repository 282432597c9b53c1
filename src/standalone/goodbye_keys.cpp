// SPDX-License-Identifier: Apache-2.0
#include "standalone/goodbye_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/duration_text.hpp"
#include "health/goodbye.hpp"

// The tables [[goodbye]] of scached.toml.

namespace scache::standalone {
namespace {

std::string all_protocols() {
  std::string all;
  for (const KnownGoodbye& known : known_goodbyes()) {
    all += fmt::format("{}\"{}\"", all.empty() ? "" : ", ", known.protocol);
  }
  return all;
}

void read_protocol(const toml::node& node, GoodbyeRule& rule, Complaints& complaints) {
  const auto name = node.value<std::string>();
  const auto bytes = name && node.is_string() ? goodbye_of(*name) : std::nullopt;
  if (!bytes) {
    complaints.add(node.source(),
                   fmt::format("goodbye.protocol must be one of {}", all_protocols()));
    return;
  }
  rule.protocol = *name;
  rule.goodbye.bytes = *bytes;
}

// A list of numbers; a TOML string cannot have every byte.
std::optional<std::string> bytes_in(const toml::array& list) {
  std::string bytes;
  for (const toml::node& each : list) {
    const auto* number = each.as_integer();
    if (number == nullptr || **number < 0 || **number > 0xff) return std::nullopt;
    bytes += static_cast<char>(**number);
  }
  return bytes;
}

void read_bytes(const toml::node& node, GoodbyeRule& rule, Complaints& complaints) {
  std::optional<std::string> bytes;
  if (const auto* text = node.as_string(); text != nullptr) bytes = **text;
  if (const auto* list = node.as_array(); list != nullptr) bytes = bytes_in(*list);
  if (!bytes || bytes->size() > Goodbye::kMaxBytes) {
    complaints.add(node.source(),
                   fmt::format("goodbye.send must be a string, or a list of numbers from 0 to 255, "
                               "of at most {} bytes",
                               Goodbye::kMaxBytes));
    return;
  }
  rule.goodbye.bytes = *std::move(bytes);
}

std::string show_bytes(const std::string& bytes) {
  const auto is_ascii = [](char byte) { return static_cast<unsigned char>(byte) < 0x80; };
  if (std::ranges::all_of(bytes, is_ascii)) return in_quotes(bytes);
  std::string list;
  for (const char byte : bytes) {
    list += fmt::format("{}{}", list.empty() ? "" : ", ", static_cast<unsigned char>(byte));
  }
  return fmt::format("[{}]", list);
}

}  // namespace

void read_goodbye(const toml::table& table, Configuration& configuration, Complaints& complaints) {
  GoodbyeRule rule;
  const toml::node* const endpoint = table.get("endpoint");
  if (endpoint != nullptr && endpoint->is_string()) {
    rule.endpoint = **endpoint->as_string();
  } else {
    complaints.add((endpoint != nullptr ? *endpoint : table).source(),
                   "goodbye.endpoint must be a pattern such as \"smtp*\"");
  }
  if (table.contains("protocol") == table.contains("send")) {
    complaints.add(table.source(), "goodbye must have either protocol or send");
  }
  for (const auto& [key, value] : table) {
    if (key == "protocol") {
      read_protocol(value, rule, complaints);
    } else if (key == "send") {
      read_bytes(value, rule, complaints);
    } else if (key == "wait") {
      const auto wait = read_duration(value, "goodbye.wait", std::chrono::milliseconds{1},
                                      Goodbye::kMaxWait, complaints);
      rule.goodbye.wait = wait.value_or(Goodbye::kWait);
    } else if (key != "endpoint") {
      complaints.add(key.source(), fmt::format("unknown key goodbye.{}", key.str()));
    }
  }
  configuration.goodbyes.push_back(std::move(rule));
}

std::string show_goodbyes(const Configuration& configuration) {
  std::string text;
  for (const GoodbyeRule& rule : configuration.goodbyes) {
    const bool is_named = !rule.protocol.empty();
    text += fmt::format("\n[[goodbye]]\nendpoint = {}\n{} = {}\nwait = {}\n",
                        in_quotes(rule.endpoint), is_named ? "protocol" : "send",
                        is_named ? in_quotes(rule.protocol) : show_bytes(rule.goodbye.bytes),
                        in_quotes(show_duration(rule.goodbye.wait)));
  }
  return text;
}

}  // namespace scache::standalone
