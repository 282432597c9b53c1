#include "standalone/server_log.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

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
  std::string said() {
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
  EXPECT_EQ(said(), "scached: one\nscached: fatal: two\n");
}

TEST_F(ServerLogTest, SpellsPrioritiesForTheJournal) {
  ServerLog log = make(true);
  log.write(Severity::info, "one");
  log.write(Severity::warning, "two");
  log.write(Severity::error, "three");
  log.write(Severity::fatal, "four");
  EXPECT_EQ(said(), "<6>one\n<4>warning: two\n<3>error: three\n<2>fatal: four\n");
}

TEST_F(ServerLogTest, NoClientWritesALineOfItsOwn) {
  ServerLog log = make();
  log.write(Severity::info, "a\nscached: fatal: b");
  EXPECT_EQ(said(), "scached: a?scached: fatal: b\n");
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
  EXPECT_EQ(said(), "");
}

TEST_F(ServerLogTest, WhatSyslogDoesNotTakeGoesToStandardError) {
  ServerLog log = make();
  log.set(LogTarget::syslog, LogLevel::info);
  log.write(Severity::info, "one");
  EXPECT_EQ(said(), "scached: one\n");
}

TEST_F(ServerLogTest, WritesFromItsLevelUp) {
  ServerLog log = make();
  const auto lines = [&](LogLevel level) {
    log.set(LogTarget::standard_error, level);
    log.detail("d");
    log.write(Severity::info, "i");
    log.warn("w");
    log.write(Severity::error, "e");
    return said();
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
