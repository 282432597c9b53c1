// SPDX-License-Identifier: Apache-2.0
#include "ctl/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "ctl/table.hpp"
#include "ctl/text.hpp"

namespace scache::ctl {
namespace {

constexpr auto kRight = Table::Align::right;

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// The change of a counter per second, with its sign; empty if it is 0 or unknown.
std::string rate(const Statistic& statistic, const Sample& now, const Sample& before) {
  const auto was = std::ranges::find(before.statistics, statistic.name, &Statistic::name);
  const double seconds = std::chrono::duration<double>(now.at - before.at).count();
  if (was == before.statistics.end() || was->value == statistic.value || seconds <= 0) return {};
  // The unsigned difference of a falling counter wraps around; the cast makes it negative.
  const auto change = static_cast<std::int64_t>(statistic.value - was->value);
  return fmt::format("{:+.1f}", static_cast<double>(change) / seconds);
}

Table connections_table(const Style& style) {
  std::vector<Table::Column> columns{{"ENDPOINT"},    {"TTL", kRight},  {"IDLE", kRight},
                                     {"AGE", kRight}, {"USES", kRight}, {"OWNER"},
                                     {"ID", kRight}};
  if (style.properties) columns.push_back({"PROPERTIES"});
  return Table{std::move(columns)};
}

Table bindings_table(const Style& style) {
  std::vector<Table::Column> columns{{"DESTINATION"}, {"ENDPOINT"}, {"TTL", kRight}};
  if (style.properties) columns.push_back({"PROPERTIES"});
  return Table{std::move(columns)};
}

}  // namespace

std::string statistics_report(const Sample& now, const Sample* before, const Style& style) {
  std::vector<Table::Column> columns{{"STATISTIC"}, {"VALUE", kRight}};
  if (before != nullptr) columns.push_back({"PER SECOND", kRight});
  Table table{std::move(columns)};
  for (const Statistic& statistic : now.statistics) {
    std::vector<std::string> cells{show_bytes(statistic.name), fmt::to_string(statistic.value)};
    if (before != nullptr) cells.push_back(rate(statistic, now, *before));
    table.add(std::move(cells));
  }
  return table.text(style.colours);
}

std::string list_report(std::span<const Entry> entries, const Style& style,
                        const std::function<std::string(std::uint64_t)>& user) {
  Table connections = connections_table(style);
  Table bindings = bindings_table(style);
  for (const Entry& entry : entries) {
    if (entry.kind == Entry::Kind::connection) {
      connections.add({show_bytes(entry.endpoint), show_time(entry.ttl), show_time(entry.idle),
                       show_time(entry.age), fmt::to_string(entry.uses), user(entry.owner),
                       fmt::to_string(entry.id), show_bytes(entry.properties)});
    } else {
      bindings.add({show_bytes(entry.destination), show_bytes(entry.endpoint), show_time(entry.ttl),
                    show_bytes(entry.properties)});
    }
  }
  std::string out;
  if (!connections.empty()) out = connections.text(style.colours);
  if (!connections.empty() && !bindings.empty()) out += '\n';
  if (!bindings.empty()) out += bindings.text(style.colours);
  return out;
}

std::string dropped_report(const Dropped& dropped) {
  return fmt::format("{}, {}\n", counted(dropped.connections, "connection"),
                     counted(dropped.bindings, "binding"));
}

}  // namespace scache::ctl
