// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <chrono>

#include "io/closer.hpp"
#include "io/loop.hpp"
#include "server/service.hpp"
#include "server/statistics_lines.hpp"
#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"
#include "support/recording_log.hpp"

namespace scache::test {

// A service with its dependencies, and a loop with a manual clock.
class ServiceFixture : public DescriptorCensus {
 protected:
  static constexpr int kManyTurns = 10'000;
  static constexpr Duration kTimeLimit = std::chrono::seconds{10};
  static constexpr uid_t kUser = 1'000;

  bool turn() { return loop.turn(Loop::Wait::poll); }
  // Runs the loop until it has nothing to do.
  void settle() {
    for (int i = 0; i < kManyTurns; ++i) {
      if (!turn()) return;
    }
    FAIL() << "the loop does not become idle";
  }

  // The lines of what happened since the last call.
  std::vector<std::string> statistics_lines() {
    return lines_.next_interval(0, service.totals(), service.take_maxima());
  }

  FakeClock clock;
  Loop loop{clock.reader()};
  Closer closer;
  RecordingLog log;
  Service service{{}, closer, log};
  ListenPolicy policy{.time_limit = kTimeLimit, .ttl_limit = std::chrono::seconds{1'000}};
  const Caller caller{.policy = policy, .user = kUser};

 private:
  StatisticsLines lines_{0};
};

}  // namespace scache::test
