// SPDX-License-Identifier: Apache-2.0
#include "ctl/json.hpp"

#include <nlohmann/json.hpp>
#include <vector>

namespace scache::ctl {
namespace {

using Json = nlohmann::ordered_json;

std::string line(const Json& json) {
  return json.dump() + '\n';
}

Json bytes(const std::string& octets) {
  Json text = octets;
  try {
    // Only dump() checks for UTF-8.
    (void)text.dump();
    return text;
  } catch (const Json::type_error&) {
    return std::vector<unsigned char>{octets.begin(), octets.end()};
  }
}

Json connection(const Entry& entry) {
  return {{"endpoint", bytes(entry.endpoint)},
          {"properties", bytes(entry.properties)},
          {"ttl_ms", entry.ttl.count()},
          {"id", entry.id},
          {"uses", entry.uses},
          {"age_ms", entry.age.count()},
          {"idle_ms", entry.idle.count()},
          {"owner", entry.owner}};
}

Json binding(const Entry& entry) {
  return {{"destination", bytes(entry.destination)},
          {"endpoint", bytes(entry.endpoint)},
          {"properties", bytes(entry.properties)},
          {"ttl_ms", entry.ttl.count()}};
}

}  // namespace

std::string json_of(std::span<const Statistic> statistics) {
  Json json = Json::object();
  for (const Statistic& statistic : statistics) json[statistic.name] = statistic.value;
  return line(json);
}

std::string json_of(std::span<const Entry> entries) {
  Json connections = Json::array();
  Json bindings = Json::array();
  for (const Entry& entry : entries) {
    if (entry.kind == Entry::Kind::connection) {
      connections.push_back(connection(entry));
    } else {
      bindings.push_back(binding(entry));
    }
  }
  return line({{"connections", connections}, {"bindings", bindings}});
}

std::string json_of(const Dropped& dropped) {
  return line({{"connections", dropped.connections}, {"bindings", dropped.bindings}});
}

std::string json_of(const Saved& saved) {
  return line({{"id", saved.id}, {"bindings", saved.bindings}});
}

std::string json_of(const std::string& server, std::chrono::microseconds time) {
  return line({{"server", bytes(server)}, {"microseconds", time.count()}});
}

}  // namespace scache::ctl
