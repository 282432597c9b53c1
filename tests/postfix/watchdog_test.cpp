// SPDX-License-Identifier: Apache-2.0
#include "postfix/watchdog.hpp"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <functional>

#include "postfix/scratch.hpp"

namespace scache::postfix {
namespace {

using std::chrono::milliseconds;

TEST(StuckDetector, KnowsALoopThatTurns) {
  StuckDetector detector;
  for (int i = 0; i < 10; ++i) {
    detector.pat();
    EXPECT_FALSE(detector.step());
  }
}

TEST(StuckDetector, BitesAtTheThirdQuietStep) {
  StuckDetector detector;
  detector.pat();
  EXPECT_FALSE(detector.step());
  EXPECT_FALSE(detector.step());
  EXPECT_FALSE(detector.step());
  EXPECT_TRUE(detector.step());
}

TEST(StuckDetector, ForgetsQuietStepsAtATurn) {
  StuckDetector detector;
  detector.pat();
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(detector.step());
    EXPECT_FALSE(detector.step());
    EXPECT_FALSE(detector.step());
    detector.pat();
  }
}

class WatchdogTest : public ::testing::Test {
 protected:
  // Runs `loop` in a child under a watchdog; its exit status, or minus the signal that ended it.
  int under_watchdog(milliseconds timeout, const std::function<void(Watchdog&)>& loop) {
    const pid_t child = ::fork();
    if (child == 0) {
      MailLogTarget target;
      target.syslog_socket = scratch_.path("log");
      MailLog log{"scache", target};
      {
        Watchdog watchdog{timeout, log, milliseconds{1}};
        loop(watchdog);
      }
      ::_exit(0);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  ScratchDirectory scratch_;
  Fd logger_ = bound_socket(scratch_.path("log"), SOCK_DGRAM);
};

TEST_F(WatchdogTest, EndsALoopThatStandsStill) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(under_watchdog(milliseconds{90},
                           [](Watchdog&) {
                             for (;;) ::pause();
                           }),
            1);
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds{90});
  const auto lines = arrived(logger_.get());
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].starts_with("<18>"));
  EXPECT_TRUE(lines[0].ends_with("]: fatal: watchdog timeout"));
}

TEST_F(WatchdogTest, LetsAnIdleLoopWaitForEvents) {
  // Twenty alarms interrupt the wait; a loop that turns after each of them is not stuck.
  EXPECT_EQ(under_watchdog(milliseconds{30},
                           [](Watchdog& watchdog) {
                             const Fd epoll{::epoll_create1(EPOLL_CLOEXEC)};
                             for (int wakes = 0; wakes < 20;) {
                               watchdog.pat();
                               epoll_event event{};
                               if (::epoll_wait(epoll.get(), &event, 1, -1) < 0 && errno == EINTR)
                                 ++wakes;
                             }
                           }),
            0);
  EXPECT_TRUE(arrived(logger_.get()).empty());
}

TEST_F(WatchdogTest, WorksWhereTheSignalWasBlocked) {
  sigset_t alarm_only;
  sigemptyset(&alarm_only);
  sigaddset(&alarm_only, SIGALRM);
  ::sigprocmask(SIG_BLOCK, &alarm_only, nullptr);
  EXPECT_EQ(under_watchdog(milliseconds{30},
                           [](Watchdog&) {
                             for (;;) ::pause();
                           }),
            1);
  ::sigprocmask(SIG_UNBLOCK, &alarm_only, nullptr);
}

TEST_F(WatchdogTest, GoesAwayWithoutATrace) {
  EXPECT_EQ(under_watchdog(milliseconds{3},
                           [](Watchdog&) {
                             // Destroyed before the first alarm that could end the process.
                           }),
            0);
  EXPECT_TRUE(arrived(logger_.get()).empty());
}

}  // namespace
}  // namespace scache::postfix
