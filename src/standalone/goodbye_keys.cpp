// SPDX-License-Identifier: Apache-2.0
#include "standalone/goodbye_keys.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/duration_text.hpp"
#include "health/goodbye.hpp"

// The tables [[goodbye]] of scached.toml.

namespace scache::standalone {
namespace {

void read_protocol(const toml::node& node, GoodbyeRule& rule, Complaints& complaints) {
  const auto name = node.value<std::string>();
  const auto bytes = name && node.is_string() ? goodbye_of(*name) : std::nullopt;
  if (!bytes) {
    complaints.add(node.source(), fmt::format("goodbye.protocol must be one of {}",
                                              protocols_of(known_goodbyes())));
    return;
  }
  rule.protocol = *name;
  rule.goodbye.bytes = *bytes;
}

}  // namespace

void read_goodbye(const toml::table& table, Configuration& configuration, Complaints& complaints) {
  GoodbyeRule rule;
  rule.endpoint = read_endpoint(table, "goodbye", complaints);
  if (table.contains("protocol") == table.contains("send")) {
    complaints.add(table.source(), "goodbye must have either protocol or send");
  }
  for (const auto& [key, value] : table) {
    if (key == "protocol") {
      read_protocol(value, rule, complaints);
    } else if (key == "send") {
      const auto bytes = read_bytes(value, "goodbye.send", Goodbye::kMaxBytes, complaints);
      rule.goodbye.bytes = bytes.value_or("");
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
