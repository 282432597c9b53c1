// SPDX-License-Identifier: Apache-2.0
#include "ctl/exit_status.hpp"

namespace scache::ctl {

ExitStatus exit_status(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::no_server:
      return kNoServer;
    case ErrorCode::invalid_argument:
      return kUsage;
    case ErrorCode::malformed:
    case ErrorCode::unsupported:
    case ErrorCode::full:
    case ErrorCode::refused:
    case ErrorCode::too_large:
    case ErrorCode::busy:
    case ErrorCode::denied:
      return kRefused;
    default:
      return kFailed;
  }
}

}  // namespace scache::ctl
