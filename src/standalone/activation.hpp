#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

namespace scache::standalone {

// The first descriptor that a service manager passes.
inline constexpr int kFirstActivatedFd = 3;

// The listening socket that a service manager has passed with LISTEN_FDS and LISTEN_PID, close on
// exec and non-blocking; no descriptor where it has passed none to this process. More than one, or
// something else than a listening UNIX-domain stream socket, is an error. The environment loses the
// variables.
Result<Fd> take_activated_socket();

}  // namespace scache::standalone
