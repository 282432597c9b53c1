// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>
#include <string>
#include <vector>

#include "base/rooms.hpp"
#include "server/counters.hpp"

namespace scache::server {

// StatisticsLines formats what happened in an interval as the four lines that Postfix log analysers
// read.
class StatisticsLines {
 public:
  // `now` is wall-clock time; the lines show it as local time.
  explicit StatisticsLines(std::time_t now) : start_{now} {}

  // Ends the interval and returns its lines; none if nothing happened. Starts the next interval.
  // `totals` are the counters at the end of the interval, and `maxima` those of the interval.
  std::vector<std::string> next_interval(std::time_t now, const Totals& totals,
                                         const Maxima& maxima);

 private:
  std::time_t start_;
  // At the start.
  Totals totals_;
};

}  // namespace scache::server
