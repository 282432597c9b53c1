// SPDX-License-Identifier: Apache-2.0
#include "base/socket_path.hpp"

#include <unistd.h>

#include <cstdlib>
#include <scache/socket_path.hpp>
#include <string>

namespace scache {
inline namespace v0 {

// secure_getenv(): a set-user-ID program must not trust the environment of the user who started it.
std::string default_socket_path() {
  const char* const named = ::secure_getenv("SCACHE_SOCKET");
  if (named != nullptr && *named != '\0') return named;
  std::string own = base::default_socket_path(::geteuid(), ::secure_getenv("XDG_RUNTIME_DIR"));
  return own.empty() ? base::default_socket_path(0, nullptr) : own;
}

}  // namespace v0
}  // namespace scache
