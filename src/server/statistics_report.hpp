// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>
#include <functional>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "io/loop.hpp"
#include "server/service.hpp"
#include "server/statistics_lines.hpp"

namespace scache::server {

// StatisticsReport logs the statistics at the end of each interval and on request.
class StatisticsReport {
 public:
  using WallClock = std::function<std::time_t()>;

  StatisticsReport(Loop& loop, Service& service, Log& log, Duration interval, WallClock clock);

  // Logs the statistics since the last report and restarts the interval.
  void report() noexcept;
  // A new interval starts now. Without a change, the current interval continues.
  void set_interval(Duration interval) noexcept;

 private:
  Loop& loop_;
  Service& service_;
  Log& log_;
  Duration interval_;
  WallClock clock_;
  StatisticsLines lines_;
  Timer timer_;
};

}  // namespace scache::server
