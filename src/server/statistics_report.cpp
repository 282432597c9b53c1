// SPDX-License-Identifier: Apache-2.0
#include "server/statistics_report.hpp"

#include <exception>
#include <string>
#include <utility>

namespace scache::server {

StatisticsReport::StatisticsReport(Loop& loop, Service& service, Log& log, Duration interval,
                                   WallClock clock)
    : loop_{loop},
      service_{service},
      log_{log},
      interval_{interval},
      clock_{std::move(clock)},
      lines_{clock_()},
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
    const auto lines = lines_.next_interval(clock_(), service_.totals(), service_.take_maxima());
    for (const std::string& line : lines) log_.write(Severity::info, line);
  } catch (const std::exception& failure) {
    log_.warn("cannot log the statistics: {}", failure.what());
  }
}

}  // namespace scache::server
