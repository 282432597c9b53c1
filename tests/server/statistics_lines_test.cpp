// SPDX-License-Identifier: Apache-2.0
#include "server/statistics_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace scache::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Counts as the service does.
class Interval {
 public:
  explicit Interval(std::time_t now) : lines_{now} {}

  void destination_hit() { ++totals_.destination_hits; }
  void destination_miss() { ++totals_.destination_misses; }
  void endpoint_hit() { ++totals_.endpoint_hits; }
  void endpoint_miss() { ++totals_.endpoint_misses; }
  void cached(std::size_t destinations, std::size_t endpoints, std::size_t connections) {
    maxima_ = {destinations, endpoints, connections};
  }
  void evicted(const Totals& totals) { totals_ = totals; }
  std::vector<std::string> next_interval(std::time_t now) {
    return lines_.next_interval(now, totals_, std::exchange(maxima_, {}));
  }

 private:
  StatisticsLines lines_;
  Totals totals_;
  Maxima maxima_;
};

class StatisticsLinesTest : public ::testing::Test {
 protected:
  StatisticsLinesTest() { use_zone("UTC0"); }
  ~StatisticsLinesTest() override { use_zone("UTC0"); }

  static void use_zone(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
};

// Nov 21 22:24:10 2026 UTC.
constexpr std::time_t kThen = 1'795'299'850;

TEST_F(StatisticsLinesTest, TellsTheStockServersFourLines) {
  Interval statistics{kThen};
  for (int i = 0; i < 2; ++i) statistics.destination_hit();
  for (int i = 0; i < 2; ++i) statistics.destination_miss();
  statistics.endpoint_hit();
  statistics.endpoint_miss();
  statistics.cached(2, 1, 1);
  EXPECT_THAT(statistics.next_interval(kThen + 8),
              ElementsAre("statistics: start interval Nov 21 22:24:10",
                          "statistics: domain lookup hits=2 miss=2 success=50%",
                          "statistics: address lookup hits=1 miss=1 success=50%",
                          "statistics: max simultaneous domains=2 addresses=1 connection=1"));
}

TEST_F(StatisticsLinesTest, AnIntervalInWhichNothingHappenedTellsNothing) {
  Interval statistics{kThen};
  EXPECT_THAT(statistics.next_interval(kThen + 1), IsEmpty());
  statistics.cached(0, 0, 0);
  EXPECT_THAT(statistics.next_interval(kThen + 2), IsEmpty());
}

TEST_F(StatisticsLinesTest, EachLineNeedsItsReason) {
  Interval statistics{kThen};
  statistics.destination_miss();
  EXPECT_THAT(statistics.next_interval(kThen),
              ElementsAre("statistics: start interval Nov 21 22:24:10",
                          "statistics: domain lookup hits=0 miss=1 success=0%"));
  statistics.endpoint_hit();
  EXPECT_THAT(statistics.next_interval(kThen),
              ElementsAre("statistics: start interval Nov 21 22:24:10",
                          "statistics: address lookup hits=1 miss=0 success=100%"));
  statistics.cached(0, 1, 1);
  EXPECT_THAT(statistics.next_interval(kThen),
              ElementsAre("statistics: start interval Nov 21 22:24:10",
                          "statistics: max simultaneous domains=0 addresses=1 connection=1"));
  statistics.cached(1, 0, 0);
  EXPECT_THAT(statistics.next_interval(kThen),
              ElementsAre("statistics: start interval Nov 21 22:24:10",
                          "statistics: max simultaneous domains=1 addresses=0 connection=0"));
}

TEST_F(StatisticsLinesTest, TellsEvictionsAndTheirReasons) {
  Interval statistics{kThen};
  statistics.evicted({.evicted_for_endpoint = 1,
                      .evicted_for_destination = 2,
                      .evicted_for_user = 3,
                      .evicted_for_share = 4});
  EXPECT_THAT(statistics.next_interval(kThen),
              ElementsAre("statistics: start interval Nov 21 22:24:10",
                          "statistics: evicted for endpoint=1 destination=2 user=3 share=4"));
  EXPECT_THAT(statistics.next_interval(kThen), IsEmpty());
}

TEST_F(StatisticsLinesTest, PercentagesAreTruncated) {
  const auto success = [](int hits, int misses) {
    Interval statistics{kThen};
    for (int i = 0; i < hits; ++i) statistics.endpoint_hit();
    for (int i = 0; i < misses; ++i) statistics.endpoint_miss();
    const std::string line = statistics.next_interval(kThen).at(1);
    return line.substr(line.find("success="));
  };
  EXPECT_EQ(success(2, 1), "success=66%");
  EXPECT_EQ(success(1, 2), "success=33%");
  EXPECT_EQ(success(199, 1), "success=99%");
  EXPECT_EQ(success(1, 199), "success=0%");
}

TEST_F(StatisticsLinesTest, CountsBeginAnewWithEachInterval) {
  Interval statistics{kThen};
  statistics.destination_hit();
  statistics.endpoint_hit();
  statistics.cached(9, 9, 9);
  statistics.next_interval(kThen + 60);
  EXPECT_THAT(statistics.next_interval(kThen + 120), IsEmpty());
  statistics.cached(1, 2, 3);
  EXPECT_THAT(statistics.next_interval(kThen + 180),
              ElementsAre("statistics: start interval Nov 21 22:26:10",
                          "statistics: max simultaneous domains=1 addresses=2 connection=3"));
}

TEST_F(StatisticsLinesTest, TheDayIsPaddedWithABlankAndTheTimeWithZeros) {
  // Nov  1 09:05:03 2026 UTC.
  Interval statistics{1'793'523'903};
  statistics.endpoint_miss();
  EXPECT_EQ(statistics.next_interval(0).front(), "statistics: start interval Nov  1 09:05:03");
}

TEST_F(StatisticsLinesTest, TheTimeIsLocal) {
  use_zone("XXX-2");
  Interval statistics{kThen};
  statistics.endpoint_miss();
  EXPECT_EQ(statistics.next_interval(0).front(), "statistics: start interval Nov 22 00:24:10");
}

TEST_F(StatisticsLinesTest, MonthsAreEnglish) {
  const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  Interval statistics{0};
  for (int month = 0; month < 12; ++month) {
    std::tm middle{};
    middle.tm_year = 126;
    middle.tm_mon = month;
    middle.tm_mday = 15;
    const std::time_t when = ::timegm(&middle);
    statistics.next_interval(when);
    statistics.endpoint_miss();
    EXPECT_EQ(statistics.next_interval(when).front(),
              std::string{"statistics: start interval "} + months[month] + " 15 00:00:00");
  }
}

}  // namespace
}  // namespace scache::server
