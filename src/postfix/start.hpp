// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/result.hpp"
#include "postfix/options.hpp"

namespace scache::postfix {

// How long a process that failed to start waits before it exits, which limits the rate of restarts.
inline constexpr std::chrono::milliseconds kFailurePause{1000};

// Fails if a server is started from a terminal.
Result<void> check_not_by_hand(const Options& options, int input = STDIN_FILENO);

// Runs the debugger_command of main.cf for -D, and waits until it returns.
Result<void> run_debugger(const std::string& command, Log& log);

// Logs the error, waits, and returns the exit status for main().
[[nodiscard]] int fail_start(Log& log, std::string_view text,
                             std::chrono::milliseconds pause = kFailurePause);

}  // namespace scache::postfix
