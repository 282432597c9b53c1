// SPDX-License-Identifier: Apache-2.0
#include "base/log_limit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "support/recording_log.hpp"

namespace scache::base {
namespace {

using test::Lines;
using test::RecordingLog;

constexpr Instant kStart{std::chrono::hours{1}};
constexpr Duration kNearly = LogLimit::kPeriod - Duration{1};
constexpr std::uint32_t kMost = LogLimit::most(LogKind::malformed);
constexpr std::uint32_t kFew = LogLimit::most(LogKind::shortage);

// How many of `count` lines are written.
std::uint32_t admitted(LogLimit& limit, LogKind kind, Instant now, std::uint32_t lines) {
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < lines; ++i) count += limit.admits(kind, now) ? 1 : 0;
  return count;
}

TEST(LogLimit, WritesSoManyLinesOfAKindAndCountsTheOthers) {
  LogLimit limit;
  EXPECT_EQ(admitted(limit, LogKind::malformed, kStart, kMost), kMost);
  EXPECT_EQ(limit.next_due(), kNever);
  EXPECT_EQ(admitted(limit, LogKind::malformed, kStart + kNearly, 1'000), 0u);
  EXPECT_EQ(limit.next_due(), kStart + LogLimit::kPeriod);
  EXPECT_EQ(limit.take_due(kStart + kNearly).lines, 0u);
  const LogLimit::LeftOut counted = limit.take_due(kStart + LogLimit::kPeriod);
  EXPECT_EQ(counted.kind, LogKind::malformed);
  EXPECT_EQ(counted.lines, 1'000u);
  EXPECT_EQ(limit.take_due(kNever).lines, 0u);
  EXPECT_EQ(limit.next_due(), kNever);
}

TEST(LogLimit, BeginsAnewWhenThePeriodIsOver) {
  LogLimit limit;
  EXPECT_EQ(admitted(limit, LogKind::malformed, kStart, kMost), kMost);
  EXPECT_EQ(admitted(limit, LogKind::malformed, kStart + LogLimit::kPeriod, 2 * kMost), kMost);
  EXPECT_EQ(limit.take_due(kStart + 2 * LogLimit::kPeriod).lines, kMost);
  EXPECT_EQ(admitted(limit, LogKind::malformed, kStart + 2 * LogLimit::kPeriod, kMost), kMost);
}

TEST(LogLimit, APeriodBeginsWithItsFirstLine) {
  LogLimit limit;
  EXPECT_EQ(admitted(limit, LogKind::shortage, kStart, kFew), kFew);
  const Instant later = kStart + 10 * LogLimit::kPeriod;
  EXPECT_EQ(admitted(limit, LogKind::shortage, later, kFew), kFew);
  EXPECT_FALSE(limit.admits(LogKind::shortage, later + kNearly));
  EXPECT_EQ(limit.next_due(), later + LogLimit::kPeriod);
}

TEST(LogLimit, NoKindHidesAnother) {
  LogLimit limit;
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kLogKinds; ++i) {
    const auto kind = static_cast<LogKind>(i);
    EXPECT_EQ(admitted(limit, kind, kStart, 5'000), LogLimit::most(kind));
    names.insert(LogLimit::name(kind));
  }
  EXPECT_EQ(names.size(), kLogKinds);
  std::uint64_t left_out = 0;
  for (std::size_t i = 0; i < kLogKinds; ++i) left_out += limit.take_due(kNever).lines;
  EXPECT_EQ(left_out, kLogKinds * 5'000 - 3 * LogLimit::kMostOfRequests -
                          4 * LogLimit::kMostOfRefusals - 3 * LogLimit::kMostOfAttempts);
}

TEST(LogLimit, OfDenialsIsALineAMinute) {
  LogLimit limit;
  const Instant next = kStart + std::chrono::minutes{1};
  EXPECT_EQ(admitted(limit, LogKind::access, kStart, 5), 1u);
  EXPECT_EQ(limit.next_due(), next);
  EXPECT_EQ(limit.take_due(next).lines, 4u);
  EXPECT_EQ(admitted(limit, LogKind::access, next, 5), 1u);
}

TEST(LogLimit, ACountThatNobodyTookIsNotForgotten) {
  LogLimit limit;
  admitted(limit, LogKind::shortage, kStart, kFew + 1);
  EXPECT_FALSE(limit.admits(LogKind::shortage, kStart + 5 * LogLimit::kPeriod));
  EXPECT_EQ(limit.take_due(kStart + 5 * LogLimit::kPeriod).lines, 2u);
}

TEST(LogLimit, NeverEndsAtTheEndOfTime) {
  LogLimit limit;
  EXPECT_EQ(admitted(limit, LogKind::shortage, kNever - Duration{1}, kFew + 2), kFew);
  EXPECT_EQ(limit.take_due(kNever).lines, 2u);
}

// Warns `count` times, and discards the lines.
void warn(RecordingLog& log, LogKind kind, std::uint32_t lines) {
  for (std::uint32_t i = 0; i < lines; ++i) log.warn(kind, kStart, "no {}", "room");
  EXPECT_EQ(log.take(), Lines(std::min(lines, LogLimit::most(kind)), "warning: no room"));
}

TEST(Log, TellsWhatWasLeftOutBeforeItGoesOn) {
  RecordingLog log;
  warn(log, LogKind::shortage, kFew + 3);
  EXPECT_EQ(log.next_count(), kStart + LogLimit::kPeriod);
  log.warn(LogKind::access, kStart + LogLimit::kPeriod, "who");
  log.warn(LogKind::shortage, kStart + LogLimit::kPeriod, "no room");
  EXPECT_EQ(log.take(), (Lines{"warning: clients not accepted: 3 more lines are left out",
                               "warning: who", "warning: no room"}));
  EXPECT_EQ(log.next_count(), kNever);
}

TEST(Log, TellsAllCountsAtTheEnd) {
  RecordingLog log;
  warn(log, LogKind::shortage, kFew + 11);
  warn(log, LogKind::access, kFew + 2);
  log.log_left_out(kNever);
  EXPECT_EQ(log.take(), (Lines{"warning: clients and requests denied: 2 more lines are left out",
                               "warning: clients not accepted: 11 more lines are left out"}));
}

}  // namespace
}  // namespace scache::base
