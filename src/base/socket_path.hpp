// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "base/rooms.hpp"

namespace scache::base {

// The default path of scached's socket: in /run for root, for other users in `runtime_directory`,
// which is XDG_RUNTIME_DIR, or null if that is not set. Empty if there is no default.
std::string default_socket_path(uid_t own, const char* runtime_directory);

}  // namespace scache::base
