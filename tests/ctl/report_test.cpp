// SPDX-License-Identifier: Apache-2.0
#include "ctl/report.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace scache::ctl {
namespace {

using namespace std::chrono_literals;

std::string user(std::uint64_t number) {
  return fmt::format("u{}", number);
}

const Entry kConnection{.kind = Entry::Kind::connection,
                        .endpoint = "smtp:a\n",
                        .properties = "p",
                        .ttl = 29'900ms,
                        .id = 42,
                        .uses = 3,
                        .age = 5min,
                        .idle = 100ms,
                        .owner = 0};
const Entry kBinding{.kind = Entry::Kind::binding,
                     .endpoint = "smtp:a\n",
                     .destination = "example.org",
                     .properties = "dp",
                     .ttl = 1h};

TEST(Report, StatisticsAreOneLineEach) {
  const Sample sample{{{"connections", 3}, {"bytes", 12'345}}, {}};
  EXPECT_EQ(statistics_report(sample, nullptr, {}),
            "STATISTIC    VALUE\n"
            "connections      3\n"
            "bytes        12345\n");
}

TEST(Report, ASecondSampleTellsWhatChanges) {
  const Sample before{{{"up", 10}, {"down", 10}, {"same", 5}}, {}};
  const Sample now{{{"up", 15}, {"down", 8}, {"same", 5}, {"new", 1}}, before.at + 2s};
  EXPECT_EQ(statistics_report(now, &before, {}),
            "STATISTIC  VALUE  PER SECOND\n"
            "up            15        +2.5\n"
            "down           8        -1.0\n"
            "same           5\n"
            "new            1\n");
}

TEST(Report, TwoSamplesOfOneMomentHaveNoRate) {
  const Sample before{{{"up", 10}}, {}};
  const Sample now{{{"up", 15}}, before.at};
  EXPECT_EQ(statistics_report(now, &before, {}),
            "STATISTIC  VALUE  PER SECOND\nup            15\n");
}

TEST(Report, AListIsTwoTables) {
  EXPECT_EQ(list_report(std::vector{kBinding, kConnection}, {}, user),
            "ENDPOINT    TTL   IDLE    AGE  USES  OWNER  ID\n"
            "smtp:a\\n  29.9s  100ms  5m00s     3  u0     42\n"
            "\n"
            "DESTINATION  ENDPOINT    TTL\n"
            "example.org  smtp:a\\n  1h00m\n");
}

TEST(Report, PropertiesAreShownWhereTheyAreWanted) {
  const Style style{.properties = true};
  EXPECT_EQ(list_report(std::vector{kConnection}, style, user),
            "ENDPOINT    TTL   IDLE    AGE  USES  OWNER  ID  PROPERTIES\n"
            "smtp:a\\n  29.9s  100ms  5m00s     3  u0     42  p\n");
  EXPECT_EQ(list_report(std::vector{kBinding}, style, user),
            "DESTINATION  ENDPOINT    TTL  PROPERTIES\n"
            "example.org  smtp:a\\n  1h00m  dp\n");
}

TEST(Report, AnEmptyListIsNothing) {
  EXPECT_EQ(list_report({}, {}, user), "");
}

TEST(Report, OneIsNotMany) {
  EXPECT_EQ(dropped_report({1, 0}), "1 connection, 0 bindings\n");
  EXPECT_EQ(dropped_report({2, 1}), "2 connections, 1 binding\n");
}

}  // namespace
}  // namespace scache::ctl
