// SPDX-License-Identifier: Apache-2.0
#include "postfix/start.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "postfix/environment.hpp"
#include "postfix/scratch.hpp"

namespace scache::postfix {
namespace {

TEST(Start, FailsWithALineAndAPause) {
  RecordingLog log;
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(fail_start(log, "invalid option: Q", std::chrono::milliseconds{20}), 1);
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds{20});
  EXPECT_EQ(log.take(), Lines{"fatal: invalid option: Q"});
}

TEST(Start, IsNotDoneByHand) {
  const Fd master{::posix_openpt(O_RDWR | O_NOCTTY)};
  ASSERT_TRUE(master);
  ASSERT_EQ(::grantpt(master.get()), 0);
  ASSERT_EQ(::unlockpt(master.get()), 0);
  const Fd terminal{::open(::ptsname(master.get()), O_RDWR | O_NOCTTY)};
  ASSERT_TRUE(terminal);
  const Fd nothing{::open("/dev/null", O_RDONLY)};

  Options options;
  EXPECT_EQ(check_not_by_hand(options, terminal.get()).error().text,
            "do not run this command by hand");
  EXPECT_TRUE(check_not_by_hand(options, nothing.get()));
  options.from_terminal = true;
  EXPECT_TRUE(check_not_by_hand(options, terminal.get()));
  options.from_terminal = false;
  options.one_client = true;
  EXPECT_TRUE(check_not_by_hand(options, terminal.get()));
}

TEST(Start, RunsTheDebuggerToItsEnd) {
  ScratchDirectory scratch;
  RecordingLog log;
  const std::string command = "echo hello >" + scratch.path("file");
  EXPECT_TRUE(run_debugger(command, log));
  EXPECT_EQ(log.take(), Lines{"running: " + command});
  EXPECT_TRUE(std::filesystem::exists(scratch.path("file")));
  EXPECT_EQ(run_debugger("", log).error().text, "no debugger_command variable set up");
}

TEST(Environment, IsReadFromTheProcess) {
  for (const char* name : {"GENERATION", "MAIL_CONFIG", "MAIL_LOGTAG", "POSTLOG_SERVICE",
                           "POSTLOG_HOSTNAME", "MAIL_VERBOSE", "MAIL_DEBUG"})
    ::unsetenv(name);
  const Environment bare = Environment::read();
  EXPECT_FALSE(bare.generation);
  EXPECT_EQ(bare.config_directory, "");
  EXPECT_FALSE(bare.verbose || bare.debugger);

  ::setenv("GENERATION", "10", 1);
  ::setenv("MAIL_CONFIG", "/etc/postfix", 1);
  ::setenv("MAIL_LOGTAG", "e2e", 1);
  ::setenv("POSTLOG_SERVICE", "/postlog", 1);
  ::setenv("POSTLOG_HOSTNAME", "mx1.test", 1);
  ::setenv("MAIL_VERBOSE", "", 1);
  ::setenv("MAIL_DEBUG", "", 1);
  const Environment full = Environment::read();
  EXPECT_EQ(full.generation, "10");
  EXPECT_EQ(full.config_directory, "/etc/postfix");
  EXPECT_EQ(full.log_tag, "e2e");
  EXPECT_EQ(full.postlog_service, "/postlog");
  EXPECT_EQ(full.postlog_hostname, "mx1.test");
  EXPECT_TRUE(full.verbose && full.debugger);
}

}  // namespace
}  // namespace scache::postfix
