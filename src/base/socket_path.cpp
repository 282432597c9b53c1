// SPDX-License-Identifier: Apache-2.0
#include "base/socket_path.hpp"

namespace scache::base {

std::string default_socket_path(uid_t own, const char* runtime_directory) {
  if (own == 0) return "/run/scache/scached.sock";
  if (runtime_directory == nullptr || *runtime_directory != '/') return {};
  return std::string{runtime_directory} + "/scache/scached.sock";
}

}  // namespace scache::base
