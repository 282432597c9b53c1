// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>

#include "postfix/mail_log.hpp"
#include "postfix/start.hpp"

namespace scache::postfix {

// StuckDetector detects from the number of turns that a loop is stuck. The loop counts; a signal
// handler on the same thread compares.
class StuckDetector {
 public:
  // The time limit is checked in this many steps, so that a clock that jumps, or a suspended
  // machine, causes no false alarm.
  static constexpr int kSteps = 3;

  // The loop turned.
  void pat() noexcept {
    turns_.store(turns_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  // A step has passed. Returns true if the loop has not turned for kSteps consecutive steps.
  bool step() noexcept;

 private:
  static_assert(std::atomic<unsigned>::is_always_lock_free);
  std::atomic<unsigned> turns_ = 0;
  unsigned seen_ = 0;
  int quiet_steps_ = 0;
};

// Watchdog ends the process if its event loop is stuck for daemon_timeout: see watchdog.cpp. Only
// one may exist at a time.
class Watchdog {
 public:
  // Starts watching. The log must outlive the watchdog.
  Watchdog(std::chrono::milliseconds timeout, MailLog& log,
           std::chrono::milliseconds pause = kFailurePause);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  // Stops watching.
  ~Watchdog();

  // The loop turned: call it before each wait for events. No system call.
  void pat() noexcept { detector_.pat(); }

 private:
  static void handle_alarm(int signal) noexcept;
  [[noreturn]] void bite() noexcept;

  StuckDetector detector_;
  MailLog& log_;
  std::chrono::milliseconds pause_;
};

}  // namespace scache::postfix
