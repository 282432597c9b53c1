// SPDX-License-Identifier: Apache-2.0
#include "standalone/server_log.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include "support/descriptors.hpp"
#include "support/scratch.hpp"

namespace scache::standalone {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ServerLogTest : public ::testing::Test {
 protected:
  ServerLogTest() {
    ::setenv("TZ", "UTC0", 1);
    ::tzset();
  }
  static std::time_t new_year() noexcept { return 0; }
  ServerLog make(bool journal = false) {
    return ServerLog{{.standard_error = pipe.second.get(),
                      .journal = journal,
                      .syslog_socket = scratch.path("log"),
                      .clock = &new_year}};
  }
  std::string said(ServerLog& log) {
    log.flush();
    const auto all = arrived(pipe.first.get());
    return all.empty() ? "" : all.front();
  }

  ScratchDirectory scratch;
  Ends pipe = pipe_pair();
};

TEST_F(ServerLogTest, SpellsLinesForPeople) {
  ServerLog log = make();
  log.write(Severity::info, "one");
  log.write(Severity::fatal, "two");
  EXPECT_EQ(said(log), "scached: one\nscached: fatal: two\n");
}

TEST_F(ServerLogTest, SpellsPrioritiesForTheJournal) {
  ServerLog log = make(true);
  log.write(Severity::info, "one");
  log.write(Severity::warning, "two");
  log.write(Severity::error, "three");
  log.write(Severity::fatal, "four");
  EXPECT_EQ(said(log), "<6>one\n<4>warning: two\n<3>error: three\n<2>fatal: four\n");
}

TEST_F(ServerLogTest, NoClientWritesALineOfItsOwn) {
  ServerLog log = make();
  log.write(Severity::info, "a\nscached: fatal: b");
  EXPECT_EQ(said(log), "scached: a?scached: fatal: b\n");
}

TEST_F(ServerLogTest, SendsToSyslog) {
  const Fd logger = bound_socket(scratch.path("log"), SOCK_DGRAM);
  ServerLog log = make();
  log.set(LogTarget::syslog, LogLevel::info);
  log.write(Severity::warning, "text");
  log.write(Severity::info, "text");
  EXPECT_THAT(arrived(logger.get()),
              ElementsAre(fmt::format("<28>Jan  1 00:00:00 scached[{}]: warning: text", ::getpid()),
                          fmt::format("<30>Jan  1 00:00:00 scached[{}]: text", ::getpid())));
  EXPECT_EQ(said(log), "");
}

TEST_F(ServerLogTest, WhatSyslogDoesNotTakeGoesToStandardError) {
  ServerLog log = make();
  log.set(LogTarget::syslog, LogLevel::info);
  log.write(Severity::info, "one");
  EXPECT_EQ(said(log), "scached: one\n");
}

TEST_F(ServerLogTest, WhatNobodyReadsIsLostAndCounted) {
  ServerLog log = make();
  const std::string line(1'000, 'x');
  for (int i = 0; i < 1'000; ++i) log.write(Severity::info, line);
  std::string all;
  for (int i = 0; i < 100'000 && !all.contains("could not take them: "); ++i) {
    for (const std::string& piece : arrived(pipe.first.get())) all += piece;
    std::this_thread::yield();
  }
  const std::size_t kept = all.size() / (line.size() + std::string_view{"scached: \n"}.size());
  EXPECT_TRUE(all.ends_with(fmt::format(
      "scached: warning: lines lost because the log could not take them: {}\n", 1'000 - kept)));
}

TEST_F(ServerLogTest, ShowsNamesThatHarmNobody) {
  ServerLog log = make();
  log.write(Severity::info,
            "r\xc3\xa9\xc2\x9b"
            "2J\xe2\x80\xa8.");
  EXPECT_EQ(said(log), "scached: r\xc3\xa9??2J???.\n");
}

TEST_F(ServerLogTest, WritesFromItsLevelUp) {
  ServerLog log = make();
  const auto lines = [&](LogLevel level) {
    log.set(LogTarget::standard_error, level);
    log.detail("d");
    log.write(Severity::info, "i");
    log.warn("w");
    log.write(Severity::error, "e");
    return said(log);
  };
  EXPECT_EQ(lines(LogLevel::error), "scached: error: e\n");
  EXPECT_EQ(lines(LogLevel::warning), "scached: warning: w\nscached: error: e\n");
  EXPECT_EQ(lines(LogLevel::info), "scached: i\nscached: warning: w\nscached: error: e\n");
  EXPECT_EQ(lines(LogLevel::debug),
            "scached: d\nscached: i\nscached: warning: w\nscached: error: e\n");
}

TEST(LeadsToJournal, WhereDeviceAndInodeAreItsStream) {
  const Ends pipe = pipe_pair();
  struct stat status{};
  ASSERT_EQ(::fstat(pipe.second.get(), &status), 0);
  const std::string stream = fmt::format("{}:{}", status.st_dev, status.st_ino);
  EXPECT_TRUE(leads_to_journal(pipe.second.get(), stream.c_str()));
  EXPECT_FALSE(leads_to_journal(pipe.second.get(), (stream + "0").c_str()));
  EXPECT_FALSE(leads_to_journal(pipe.second.get(), ""));
  EXPECT_FALSE(leads_to_journal(pipe.second.get(), nullptr));
  EXPECT_FALSE(leads_to_journal(-1, stream.c_str()));
}

}  // namespace
}  // namespace scache::standalone
