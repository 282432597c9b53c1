#pragma once

#include <ctime>
#include <functional>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "io/loop.hpp"
#include "server/statistics.hpp"

namespace scache::server {

// StatisticsReport logs the statistics at the end of each interval, and whenever it is asked to.
class StatisticsReport {
 public:
  using WallClock = std::function<std::time_t()>;

  StatisticsReport(Loop& loop, Statistics& statistics, Log& log, Duration interval,
                   WallClock clock);

  // Logs what has happened since the last report; the interval begins anew.
  void report() noexcept;
  // The next report comes after so long, counted from now; nothing changes where it is the same.
  void set_interval(Duration interval) noexcept;

 private:
  Loop& loop_;
  Statistics& statistics_;
  Log& log_;
  Duration interval_;
  WallClock clock_;
  Timer timer_;
};

}  // namespace scache::server
