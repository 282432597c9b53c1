// SPDX-License-Identifier: Apache-2.0
#include "postfix/mail_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "main_cf/syslog_facility.hpp"
#include "postfix/scratch.hpp"

namespace scache::postfix {
namespace {

// Sun Nov 1 09:05:03 2026, UTC.
std::time_t morning() noexcept {
  return 1793523903;
}

class MailLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TZ", "UTC0", 1);
    ::tzset();
  }
  void TearDown() override {
    ::unsetenv("TZ");
    ::tzset();
  }

  MailLogTarget syslog_target() {
    MailLogTarget target;
    target.syslog_socket = scratch_.path("syslog");
    return target;
  }
  MailLogTarget postlog_target() {
    MailLogTarget target = syslog_target();
    target.postlog_service = scratch_.path("postlog");
    target.hostname = "e2e.test";
    target.syslog_name = "e2e";
    return target;
  }
  std::string tagged(std::string_view tag) { return fmt::format("{}[{}]: ", tag, ::getpid()); }

  ScratchDirectory scratch_;
  Fd syslog_ = bound_socket(scratch_.path("syslog"), SOCK_DGRAM);
  Fd postlog_ = bound_socket(scratch_.path("postlog"), SOCK_DGRAM);
};

TEST_F(MailLogTest, WritesAsSyslogDoes) {
  MailLog log{"scache", syslog_target(), morning};
  log.write(Severity::info, "a");
  log.write(Severity::warning, "b");
  log.write(Severity::error, "c");
  log.write(Severity::fatal, "d\n");
  log.write(Severity::panic, "e");
  const std::string tag = tagged("postfix/scache");
  EXPECT_EQ(
      arrived(syslog_.get()),
      (std::vector<std::string>{
          "<22>Nov  1 09:05:03 " + tag + "a", "<20>Nov  1 09:05:03 " + tag + "warning: b",
          "<19>Nov  1 09:05:03 " + tag + "error: c", "<18>Nov  1 09:05:03 " + tag + "fatal: d?",
          "<18>Nov  1 09:05:03 " + tag + "panic: e"}));
}

TEST_F(MailLogTest, WritesAsPostfixsLoggerWantsIt) {
  MailLog log{"scache", postlog_target(), morning};
  log.write(Severity::info, "statistics: start interval Nov  1 09:05:03");
  log.write(Severity::warning, "x");
  EXPECT_EQ(
      arrived(postlog_.get()),
      (std::vector<std::string>{"Nov 01 09:05:03 e2e " + tagged("e2e/scache") +
                                    "statistics: start interval Nov  1 09:05:03",
                                "Nov 01 09:05:03 e2e " + tagged("e2e/scache") + "warning: x"}));
  EXPECT_TRUE(arrived(syslog_.get()).empty());
}

TEST_F(MailLogTest, TellsLocalTime) {
  ::setenv("TZ", "JST-9", 1);
  MailLog log{"scache", postlog_target(), morning};
  log.write(Severity::info, "x");
  log.write_in_signal(Severity::info, "y");
  EXPECT_EQ(arrived(postlog_.get()),
            (std::vector<std::string>{"Nov 01 18:05:03 e2e " + tagged("e2e/scache") + "x",
                                      "Nov 01 18:05:03 e2e " + tagged("e2e/scache") + "y"}));
}

TEST_F(MailLogTest, CallsAMachineWithoutANameAmnesiac) {
  MailLogTarget target = postlog_target();
  target.hostname.clear();
  MailLog log{"scache", target, morning};
  log.write(Severity::info, "x");
  EXPECT_EQ(arrived(postlog_.get()),
            std::vector<std::string>{"Nov 01 09:05:03 amnesiac " + tagged("e2e/scache") + "x"});
}

TEST_F(MailLogTest, GoesOnElsewhereAfterMainCfWasRead) {
  MailLog log{"scache", postlog_target(), morning};
  MailLogTarget target = syslog_target();
  target.syslog_name = "mx";
  target.facility = *main_cf::facility_by_name("local3");
  target.utf8 = true;
  log.reopen(target);
  log.write(Severity::info, "\xc3\xa9");
  EXPECT_TRUE(arrived(postlog_.get()).empty());
  EXPECT_EQ(arrived(syslog_.get()),
            std::vector<std::string>{"<158>Nov  1 09:05:03 " + tagged("mx/scache") + "\xc3\xa9"});
}

TEST_F(MailLogTest, CopiesToStandardErrorOnRequest) {
  MailLog log{"scache", postlog_target(), morning};
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd read_end{ends[0]};
  const Fd write_end{ends[1]};
  log.copy_to_stderr({}, write_end.get());
  log.write(Severity::fatal, "invalid option: Q");
  log.reopen(syslog_target());
  log.write(Severity::info, "x");
  log.copy_to_stderr("scache", write_end.get());
  log.write(Severity::fatal, "do not run this command by hand");
  log.flush();
  EXPECT_EQ(arrived(read_end.get()),
            std::vector<std::string>{"e2e/scache: fatal: invalid option: Q\n"
                                     "postfix/scache: x\n"
                                     "scache: fatal: do not run this command by hand\n"});
  EXPECT_EQ(arrived(postlog_.get()).size(), 1U);
  EXPECT_EQ(arrived(syslog_.get()).size(), 2U);
}

TEST_F(MailLogTest, IsNotStoppedByAStandardErrorThatNobodyReads) {
  MailLog log{"scache", postlog_target(), morning};
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Fd read_end{ends[0]};
  const Fd write_end{ends[1]};
  log.copy_to_stderr({}, write_end.get());
  // A pipe holds 64 KB, and four times as much waits; this is ten times as much.
  for (int i = 0; i < 400; ++i) log.write(Severity::info, std::string(1600, 'x'));
  while (arrived(read_end.get()).empty()) std::this_thread::yield();
  // The destructor does not wait for a reader that has gone.
  read_end.reset();
  postlog_.reset();
}

TEST_F(MailLogTest, TheEndWaitsForAllWhoDoNotReadAtOnce) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd read_end{ends[0]};
  const Fd write_end{ends[1]};
  const auto before = std::chrono::steady_clock::now();
  {
    MailLog log{"scache", postlog_target(), morning};
    log.copy_to_stderr({}, write_end.get());
    for (int i = 0; i < 400; ++i) log.write(Severity::info, std::string(1600, 'x'));
    log.flush();
  }
  const auto taken = std::chrono::steady_clock::now() - before;
  EXPECT_GE(taken, LogWriter::kFarewell);
  EXPECT_LT(taken, 2 * LogWriter::kFarewell);
}

TEST_F(MailLogTest, TellsHowManyLinesWereLost) {
  postlog_.reset();
  MailLog log{"scache", postlog_target(), morning};
  log.write(Severity::info, "lost");
  log.write(Severity::info, "lost too");
  postlog_ = bound_socket(scratch_.path("postlog"), SOCK_DGRAM);
  log.write(Severity::info, "kept");
  log.write(Severity::info, "kept too");
  const std::string head = "Nov 01 09:05:03 e2e " + tagged("e2e/scache");
  EXPECT_EQ(
      arrived(postlog_.get()),
      (std::vector<std::string>{head + "warning: lines lost because the log could not take them: 2",
                                head + "kept", head + "kept too"}));
}

TEST_F(MailLogTest, LeavesErrnoAlone) {
  MailLogTarget target = postlog_target();
  target.postlog_service = scratch_.path("nowhere");
  MailLog log{"scache", target, morning};
  errno = EPIPE;
  log.write(Severity::info, "x");
  EXPECT_EQ(errno, EPIPE);
}

TEST_F(MailLogTest, CutsLinesButNeverTheirText) {
  MailLogTarget target = postlog_target();
  target.syslog_name = std::string(3000, 's');
  target.hostname = std::string(3000, 'h');
  MailLog log{"scache", target, morning};
  log.write(Severity::warning, std::string(3000, 't'));
  const auto lines = arrived(postlog_.get());
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].ends_with("warning: " + std::string(2000, 't')));
  EXPECT_LT(lines[0].size(), 4096U);
}

TEST(MailLogTarget, ComesFromTheEnvironmentFirst) {
  const MailLogTarget plain = MailLogTarget::from(Environment{});
  EXPECT_EQ(plain.syslog_name, "postfix");
  EXPECT_EQ(plain.postlog_service, "");
  Environment environment;
  environment.log_tag = "e2e";
  environment.postlog_service = "/var/spool/postfix/public/postlog";
  environment.postlog_hostname = "mx1.test";
  const MailLogTarget given = MailLogTarget::from(environment);
  EXPECT_EQ(given.syslog_name, "e2e");
  EXPECT_EQ(given.postlog_service, "/var/spool/postfix/public/postlog");
  EXPECT_EQ(given.hostname, "mx1.test");
}

}  // namespace
}  // namespace scache::postfix
