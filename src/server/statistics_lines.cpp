// SPDX-License-Identifier: Apache-2.0
#include "server/statistics_lines.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace scache::server {
namespace {

// "Nov  1 09:05:03": the middle part of ctime(3), in every locale.
std::string month_to_second(std::time_t when) {
  static constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm local{};
  ::localtime_r(&when, &local);
  return fmt::format("{} {:2} {:02}:{:02}:{:02}", kMonths[static_cast<std::size_t>(local.tm_mon)],
                     local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec);
}

void add_line(std::vector<std::string>& lines, const char* what, std::uint64_t hits,
              std::uint64_t misses) {
  const std::uint64_t all = hits + misses;
  if (all == 0) return;
  lines.push_back(fmt::format("statistics: {} lookup hits={} miss={} success={}%", what, hits,
                              misses, hits * 100 / all));
}

}  // namespace

std::vector<std::string> StatisticsLines::next_interval(std::time_t now, const Totals& totals,
                                                        const Maxima& maxima) {
  std::vector<std::string> lines;
  add_line(lines, "domain", totals.destination_hits - totals_.destination_hits,
           totals.destination_misses - totals_.destination_misses);
  add_line(lines, "address", totals.endpoint_hits - totals_.endpoint_hits,
           totals.endpoint_misses - totals_.endpoint_misses);
  if (maxima.destinations + maxima.endpoints + maxima.connections > 0) {
    lines.push_back(
        fmt::format("statistics: max simultaneous domains={} addresses={} connection={}",
                    maxima.destinations, maxima.endpoints, maxima.connections));
  }
  if (totals.all_evicted() > totals_.all_evicted()) {
    lines.push_back(
        fmt::format("statistics: evicted for endpoint={} destination={} user={} share={}",
                    totals.evicted_for_endpoint - totals_.evicted_for_endpoint,
                    totals.evicted_for_destination - totals_.evicted_for_destination,
                    totals.evicted_for_user - totals_.evicted_for_user,
                    totals.evicted_for_share - totals_.evicted_for_share));
  }
  const std::uint64_t goodbyes = totals.goodbyes - totals_.goodbyes;
  const std::uint64_t skipped = totals.goodbyes_skipped - totals_.goodbyes_skipped;
  if (goodbyes + skipped > 0) {
    lines.push_back(fmt::format("statistics: goodbyes={} answered={} unanswered={} skipped={}",
                                goodbyes, totals.goodbyes_answered - totals_.goodbyes_answered,
                                totals.goodbyes_unanswered - totals_.goodbyes_unanswered, skipped));
  }
  const std::uint64_t passed = totals.probes_passed - totals_.probes_passed;
  const std::uint64_t failed = totals.probes_failed - totals_.probes_failed;
  if (passed + failed > 0) {
    lines.push_back(fmt::format("statistics: probes passed={} failed={}", passed, failed));
  }
  if (!lines.empty()) {
    lines.insert(lines.begin(),
                 fmt::format("statistics: start interval {}", month_to_second(start_)));
  }
  start_ = now;
  totals_ = totals;
  return lines;
}

}  // namespace scache::server
