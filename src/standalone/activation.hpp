// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

namespace scache::standalone {

// The first descriptor that a service manager passes.
inline constexpr int kFirstActivatedFd = 3;

// The listening socket that a service manager has passed by LISTEN_FDS and LISTEN_PID, set to
// close-on-exec and non-blocking; an empty Fd if this process has none. More than one descriptor,
// or one that is not a listening UNIX-domain stream socket, is an error. Unsets the variables.
Result<Fd> take_activated_socket();

}  // namespace scache::standalone
