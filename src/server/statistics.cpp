#include "server/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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

}  // namespace

void Statistics::saved(std::size_t destinations, std::size_t endpoints,
                       std::size_t connections) noexcept {
  max_destinations_ = std::max(max_destinations_, destinations);
  max_endpoints_ = std::max(max_endpoints_, endpoints);
  max_connections_ = std::max(max_connections_, connections);
}

std::vector<std::string> Statistics::next_interval(std::time_t now) {
  std::vector<std::string> lines;
  add_line(lines, "domain", destinations_);
  add_line(lines, "address", endpoints_);
  if (max_destinations_ + max_endpoints_ + max_connections_ > 0) {
    lines.push_back(
        fmt::format("statistics: max simultaneous domains={} addresses={} connection={}",
                    max_destinations_, max_endpoints_, max_connections_));
  }
  if (!lines.empty()) {
    lines.insert(lines.begin(),
                 fmt::format("statistics: start interval {}", month_to_second(start_)));
  }
  *this = Statistics{now};
  return lines;
}

void Statistics::add_line(std::vector<std::string>& lines, const char* what,
                          const Lookups& lookups) {
  const std::uint64_t all = lookups.hits + lookups.misses;
  if (all == 0) return;
  lines.push_back(fmt::format("statistics: {} lookup hits={} miss={} success={}%", what,
                              lookups.hits, lookups.misses, lookups.hits * 100 / all));
}

}  // namespace scache::server
