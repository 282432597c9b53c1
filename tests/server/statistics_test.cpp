#include "server/statistics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <string>

namespace scache::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StatisticsTest : public ::testing::Test {
 protected:
  StatisticsTest() { use_zone("UTC0"); }
  ~StatisticsTest() override { use_zone("UTC0"); }

  static void use_zone(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
};

// Nov 21 22:24:10 2026 UTC.
constexpr std::time_t kThen = 1'795'299'850;

TEST_F(StatisticsTest, TellsTheStockServersFourLines) {
  Statistics statistics{kThen};
  for (int i = 0; i < 2; ++i) statistics.destination_hit();
  for (int i = 0; i < 2; ++i) statistics.destination_miss();
  statistics.endpoint_hit();
  statistics.endpoint_miss();
  statistics.saved(2, 1, 1);
  EXPECT_THAT(statistics.next_interval(kThen + 8),
              ElementsAre("statistics: start interval Nov 21 22:24:10",
                          "statistics: domain lookup hits=2 miss=2 success=50%",
                          "statistics: address lookup hits=1 miss=1 success=50%",
                          "statistics: max simultaneous domains=2 addresses=1 connection=1"));
}

TEST_F(StatisticsTest, AnIntervalInWhichNothingHappenedTellsNothing) {
  Statistics statistics{kThen};
  EXPECT_THAT(statistics.next_interval(kThen + 1), IsEmpty());
  statistics.saved(0, 0, 0);
  EXPECT_THAT(statistics.next_interval(kThen + 2), IsEmpty());
}

TEST_F(StatisticsTest, EachLineNeedsItsReason) {
  Statistics statistics{kThen};
  statistics.destination_miss();
  EXPECT_THAT(statistics.next_interval(kThen),
              ElementsAre("statistics: start interval Nov 21 22:24:10",
                          "statistics: domain lookup hits=0 miss=1 success=0%"));
  statistics.endpoint_hit();
  EXPECT_THAT(statistics.next_interval(kThen),
              ElementsAre("statistics: start interval Nov 21 22:24:10",
                          "statistics: address lookup hits=1 miss=0 success=100%"));
  statistics.saved(0, 1, 1);
  EXPECT_THAT(statistics.next_interval(kThen),
              ElementsAre("statistics: start interval Nov 21 22:24:10",
                          "statistics: max simultaneous domains=0 addresses=1 connection=1"));
  statistics.saved(1, 0, 0);
  EXPECT_THAT(statistics.next_interval(kThen),
              ElementsAre("statistics: start interval Nov 21 22:24:10",
                          "statistics: max simultaneous domains=1 addresses=0 connection=0"));
}

TEST_F(StatisticsTest, PercentagesAreTruncated) {
  const auto success = [](int hits, int misses) {
    Statistics statistics{kThen};
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

TEST_F(StatisticsTest, CountsBeginAnewWithEachInterval) {
  Statistics statistics{kThen};
  statistics.destination_hit();
  statistics.endpoint_hit();
  statistics.saved(9, 9, 9);
  statistics.next_interval(kThen + 60);
  EXPECT_THAT(statistics.next_interval(kThen + 120), IsEmpty());
  statistics.saved(1, 2, 3);
  EXPECT_THAT(statistics.next_interval(kThen + 180),
              ElementsAre("statistics: start interval Nov 21 22:26:10",
                          "statistics: max simultaneous domains=1 addresses=2 connection=3"));
}

TEST_F(StatisticsTest, MaximaAreEachTheirOwn) {
  Statistics statistics{kThen};
  statistics.saved(1, 5, 2);
  statistics.saved(3, 4, 1);
  statistics.saved(2, 3, 6);
  EXPECT_EQ(statistics.next_interval(kThen).back(),
            "statistics: max simultaneous domains=3 addresses=5 connection=6");
}

TEST_F(StatisticsTest, TheDayIsPaddedWithABlankAndTheTimeWithZeros) {
  // Nov  1 09:05:03 2026 UTC.
  Statistics statistics{1'793'523'903};
  statistics.endpoint_miss();
  EXPECT_EQ(statistics.next_interval(0).front(), "statistics: start interval Nov  1 09:05:03");
}

TEST_F(StatisticsTest, TheTimeIsLocal) {
  use_zone("XXX-2");
  Statistics statistics{kThen};
  statistics.endpoint_miss();
  EXPECT_EQ(statistics.next_interval(0).front(), "statistics: start interval Nov 22 00:24:10");
}

TEST_F(StatisticsTest, MonthsAreEnglish) {
  const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  Statistics statistics{0};
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
