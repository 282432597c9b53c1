// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace scache::standalone {

// The first descriptor that a service manager passes.
inline constexpr int kFirstActivatedFd = 3;

// A socket from a service manager, set to close-on-exec and non-blocking, and its path.
struct ActivatedSocket {
  Fd socket;
  std::string path;
};

// The listening sockets that a service manager has passed by LISTEN_FDS and LISTEN_PID; empty if
// this process has none. A descriptor that is not a listening UNIX-domain stream socket, or more
// than kMostActivated, is an error. Unsets the variables.
inline constexpr int kMostActivated = 64;
Result<std::vector<ActivatedSocket>> take_activated_sockets();

}  // namespace scache::standalone
