#include "server/statistics_report.hpp"

#include <exception>
#include <string>
#include <utility>

namespace scache::server {

StatisticsReport::StatisticsReport(Loop& loop, Statistics& statistics, Log& log, Duration interval,
                                   WallClock clock)
    : loop_{loop},
      statistics_{statistics},
      log_{log},
      interval_{interval},
      clock_{std::move(clock)},
      timer_{loop, [this] { report(); }} {
  timer_.set(after(loop_.now(), interval_));
}

void StatisticsReport::set_interval(Duration interval) noexcept {
  if (interval == interval_) return;
  interval_ = interval;
  timer_.set(after(loop_.now(), interval_));
}

void StatisticsReport::report() noexcept {
  timer_.set(after(loop_.now(), interval_));
  try {
    for (const std::string& line : statistics_.next_interval(clock_())) {
      log_.write(Severity::info, line);
    }
  } catch (const std::exception& failure) {
    log_.warn("cannot log the statistics: {}", failure.what());
  }
}

}  // namespace scache::server
