#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include "base/rooms.hpp"

namespace scache::server {

// Statistics counts the events of one interval and formats them as the four lines that Postfix log
// analysers read. Counters restart with each interval; saves update the maxima.
class Statistics {
 public:
  // `now` is wall-clock time; the lines show it as local time.
  explicit Statistics(std::time_t now) : start_{now} {}

  void destination_hit() noexcept { ++destinations_.hits; }
  void destination_miss() noexcept { ++destinations_.misses; }
  void endpoint_hit() noexcept { ++endpoints_.hits; }
  void endpoint_miss() noexcept { ++endpoints_.misses; }
  void saved(std::size_t destinations, std::size_t endpoints, std::size_t connections) noexcept;

  // Ends the interval and returns its lines; none if nothing happened. Starts the next interval.
  std::vector<std::string> next_interval(std::time_t now);

 private:
  struct Lookups {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
  };
  static void add_line(std::vector<std::string>& lines, const char* what, const Lookups& lookups);

  std::time_t start_;
  Lookups destinations_;
  Lookups endpoints_;
  std::size_t max_destinations_ = 0;
  std::size_t max_endpoints_ = 0;
  std::size_t max_connections_ = 0;
};

}  // namespace scache::server
