// SPDX-License-Identifier: Apache-2.0
#include "standalone/probe_keys.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/duration_text.hpp"
#include "health/probe.hpp"

// The tables [[probe]] of scached.toml.

namespace scache::standalone {
namespace {

void read_protocol(const toml::node& node, ProbeRule& rule, Complaints& complaints) {
  const auto name = node.value<std::string>();
  const auto known = name && node.is_string() ? probe_of(*name) : std::nullopt;
  if (!known) {
    complaints.add(node.source(),
                   fmt::format("probe.protocol must be one of {}", protocols_of(known_probes())));
    return;
  }
  rule.protocol = *name;
  rule.probe.send = known->send;
  rule.probe.expect = known->expect;
  rule.probe.end = known->end;
}

// Whether the key was one of a probe's times.
bool read_time(std::string_view key, const toml::node& node, Probe& probe, Complaints& complaints) {
  if (key == "idle") {
    constexpr Duration kMost = std::chrono::days{365};
    probe.idle = read_duration(node, "probe.idle", Probe::kLeastIdle, kMost, complaints)
                     .value_or(Probe::kIdle);
  } else if (key == "wait") {
    probe.wait =
        read_duration(node, "probe.wait", std::chrono::milliseconds{1}, Probe::kMaxWait, complaints)
            .value_or(Probe::kWait);
  } else {
    return false;
  }
  return true;
}

// Whether the key was one of a probe's bytes.
bool read_script(std::string_view key, const toml::node& node, Probe& probe,
                 Complaints& complaints) {
  std::string* const part = key == "send"     ? &probe.send
                            : key == "expect" ? &probe.expect
                            : key == "end"    ? &probe.end
                                              : nullptr;
  if (part == nullptr) return false;
  *part = read_bytes(node, fmt::format("probe.{}", key), Probe::kMaxBytes, complaints).value_or("");
  return true;
}

}  // namespace

void read_probe(const toml::table& table, Configuration& configuration, Complaints& complaints) {
  ProbeRule rule;
  rule.endpoint = read_endpoint(table, "probe", complaints);
  const bool has_script = table.contains("send");
  if (table.contains("protocol") == has_script) {
    complaints.add(table.source(), "probe must have either protocol or send");
  }
  for (const std::string_view part : {"expect", "end"}) {
    if (table.contains(part) && !has_script) {
      complaints.add(table.source(), fmt::format("probe.{} needs send", part));
    }
  }
  for (const auto& [key, value] : table) {
    if (key == "protocol") {
      read_protocol(value, rule, complaints);
    } else if (key != "endpoint" && !read_time(key.str(), value, rule.probe, complaints) &&
               !read_script(key.str(), value, rule.probe, complaints)) {
      complaints.add(key.source(), fmt::format("unknown key probe.{}", key.str()));
    }
  }
  const bool is_silent = rule.probe.expect.empty() && rule.probe.end.empty();
  if (has_script && is_silent && !rule.probe.send.empty()) {
    complaints.add(table.source(), "probe.expect or probe.end must say what the answer is");
  }
  configuration.probes.push_back(std::move(rule));
}

std::string show_probes(const Configuration& configuration) {
  std::string text;
  for (const ProbeRule& rule : configuration.probes) {
    const Probe& probe = rule.probe;
    text += fmt::format("\n[[probe]]\nendpoint = {}\n", in_quotes(rule.endpoint));
    if (!rule.protocol.empty()) {
      text += fmt::format("protocol = {}\n", in_quotes(rule.protocol));
    } else {
      text += fmt::format("send = {}\nexpect = {}\nend = {}\n", show_bytes(probe.send),
                          show_bytes(probe.expect), show_bytes(probe.end));
    }
    text += fmt::format("idle = {}\nwait = {}\n", in_quotes(show_duration(probe.idle)),
                        in_quotes(show_duration(probe.wait)));
  }
  return text;
}

}  // namespace scache::standalone
