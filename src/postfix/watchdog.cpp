// SPDX-License-Identifier: Apache-2.0
#include "postfix/watchdog.hpp"

#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>

// The watchdog is a periodic SIGALRM, three for each daemon_timeout. It costs the loop one
// increment for each turn. The handler compares the number of turns with that at the previous
// alarm. At the third consecutive alarm without a turn it logs an error and ends the process. This
// is never before daemon_timeout, and at most a third of it later.
//
// An idle loop also turns: the alarm interrupts epoll_wait(2) with EINTR, whether SA_RESTART is set
// or not, the loop turns once, and the next alarm sees that. If an alarm comes between the
// increment and the wait, it sees the increment. So the loop only has to continue after EINTR.
//
// The handler is async-signal-safe: it formats in a buffer of its own, sends without blocking,
// sleeps, and ends the process without running destructors.

namespace scache::postfix {
namespace {

// A signal handler takes no argument that could refer to the object.
std::atomic<Watchdog*> watching = nullptr;

void set_timer(std::chrono::microseconds period) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(period);
  itimerval timer{};
  timer.it_interval.tv_sec = static_cast<time_t>(seconds.count());
  timer.it_interval.tv_usec = static_cast<suseconds_t>((period - seconds).count());
  timer.it_value = timer.it_interval;
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace

bool StuckDetector::step() noexcept {
  const unsigned turns = turns_.load(std::memory_order_relaxed);
  quiet_steps_ = turns == seen_ ? quiet_steps_ + 1 : 0;
  seen_ = turns;
  return quiet_steps_ >= kSteps;
}

Watchdog::Watchdog(std::chrono::milliseconds timeout, MailLog& log, std::chrono::milliseconds pause)
    : log_{log}, pause_{pause} {
  watching = this;
  // Counts as a turn, so that the first period is complete.
  pat();
  struct sigaction action{};
  action.sa_handler = &Watchdog::handle_alarm;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGALRM, &action, nullptr);
  sigset_t alarm_only;
  sigemptyset(&alarm_only);
  sigaddset(&alarm_only, SIGALRM);
  ::sigprocmask(SIG_UNBLOCK, &alarm_only, nullptr);
  const std::chrono::microseconds step = std::chrono::microseconds{timeout} / StuckDetector::kSteps;
  set_timer(std::max(step, std::chrono::microseconds{1000}));
}

Watchdog::~Watchdog() {
  set_timer(std::chrono::microseconds{0});
  std::signal(SIGALRM, SIG_DFL);
  watching = nullptr;
}

void Watchdog::handle_alarm(int) noexcept {
  const int saved_errno = errno;
  Watchdog* watchdog = watching;
  if (watchdog != nullptr && watchdog->detector_.step()) watchdog->bite();
  errno = saved_errno;
}

void Watchdog::bite() noexcept {
  log_.write_in_signal(Severity::fatal, "watchdog timeout");
  const auto seconds = std::chrono::floor<std::chrono::seconds>(pause_);
  timespec pause{};
  pause.tv_sec = static_cast<time_t>(seconds.count());
  pause.tv_nsec = static_cast<long>(std::chrono::nanoseconds{pause_ - seconds}.count());
  ::nanosleep(&pause, nullptr);
  ::_exit(EXIT_FAILURE);
}

}  // namespace scache::postfix
