// SPDX-License-Identifier: Apache-2.0
#include "server/statistics_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <ctime>

#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"
#include "support/recording_log.hpp"

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StatisticsReportTest : public test::DescriptorCensus {
 protected:
  StatisticsReportTest() {
    ::setenv("TZ", "UTC0", 1);
    ::tzset();
  }
  void pass(std::chrono::seconds time) {
    clock.advance(time);
    wall_clock += time.count();
    loop.turn(Loop::Wait::poll);
  }

  void miss() { EXPECT_FALSE(service.find(caller, FindEndpoint{"e"}, loop.now())); }

  test::FakeClock clock;
  Loop loop{clock.reader()};
  test::RecordingLog log;
  std::time_t wall_clock = 0;
  Closer closer;
  Service service{{}, closer, log};
  const ListenPolicy policy;
  const Caller caller{.policy = policy};
  StatisticsReport report{loop, service, log, 600s, [this] { return wall_clock; }};
};

TEST_F(StatisticsReportTest, ComesAtTheEndOfEachInterval) {
  miss();
  pass(599s);
  EXPECT_THAT(log.take(), IsEmpty());
  pass(1s);
  EXPECT_THAT(log.take(), ElementsAre("statistics: start interval Jan  1 00:00:00",
                                      "statistics: address lookup hits=0 miss=1 success=0%"));
  miss();
  pass(600s);
  EXPECT_THAT(log.take(), ElementsAre("statistics: start interval Jan  1 00:10:00",
                                      "statistics: address lookup hits=0 miss=1 success=0%"));
}

TEST_F(StatisticsReportTest, AnIntervalWithoutEventsIsSilent) {
  for (int i = 0; i < 10; ++i) pass(600s);
  EXPECT_THAT(log.take(), IsEmpty());
  miss();
  pass(600s);
  EXPECT_EQ(log.take().front(), "statistics: start interval Jan  1 01:40:00");
}

TEST_F(StatisticsReportTest, AReportInBetweenBeginsTheIntervalAnew) {
  miss();
  pass(300s);
  report.report();
  EXPECT_EQ(log.take().size(), 2u);
  miss();
  pass(599s);
  EXPECT_THAT(log.take(), IsEmpty());
  pass(1s);
  EXPECT_EQ(log.take().front(), "statistics: start interval Jan  1 00:05:00");
}

TEST_F(StatisticsReportTest, AnotherIntervalBeginsAtOnce) {
  miss();
  pass(599s);
  report.set_interval(10s);
  pass(9s);
  EXPECT_THAT(log.take(), IsEmpty());
  pass(1s);
  EXPECT_EQ(log.take().size(), 2u);
}

TEST_F(StatisticsReportTest, TheSameIntervalGoesOn) {
  miss();
  pass(599s);
  report.set_interval(600s);
  pass(1s);
  EXPECT_EQ(log.take().size(), 2u);
}

}  // namespace
}  // namespace scache::server
