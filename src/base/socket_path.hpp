#pragma once

#include <sys/types.h>

#include <string>

#include "base/rooms.hpp"

namespace scache::base {

// Where the socket of scached is if nobody says: for root in /run, for others in
// `runtime_directory`, their XDG_RUNTIME_DIR, a null pointer where it is not set. Empty where there
// is none.
std::string default_socket_path(uid_t own, const char* runtime_directory);

}  // namespace scache::base
