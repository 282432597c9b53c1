// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <scache/result.hpp>

namespace scache::ctl {

// The exit statuses of scachectl(1). `run` and `find` exit with the status of their program, or
// with one of the second group.
enum ExitStatus : int {
  kOk = 0,
  kNotFound = 1,
  kUsage = 2,
  kNoServer = 3,
  kRefused = 4,
  kFailed = 5,

  // UCSPI: `run` cannot connect.
  kNotConnected = 111,
  // As in the shell: the program cannot be started, does not exist, or was ended by a signal.
  kCannotStart = 126,
  kNoProgram = 127,
  kSignalled = 128,
};

ExitStatus exit_status(ErrorCode code) noexcept;

}  // namespace scache::ctl
