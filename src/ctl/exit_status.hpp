#pragma once

#include <scache/result.hpp>

namespace scache::ctl {

// What scachectl ends with; its manual says so. `run` and `find` end as their program does, or with
// one of the second group.
enum ExitStatus : int {
  kOk = 0,
  kNotFound = 1,
  kUsage = 2,
  kNoServer = 3,
  kRefused = 4,
  kFailed = 5,

  // UCSPI's: there is no connection to give to the program.
  kNotConnected = 111,
  // The shell's: the program cannot be started, or is not there; or a signal ended it.
  kCannotStart = 126,
  kNoProgram = 127,
  kSignalled = 128,
};

ExitStatus exit_status(ErrorCode code) noexcept;

}  // namespace scache::ctl
