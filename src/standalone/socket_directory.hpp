// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace scache::standalone {

// Whether the directories in the path of a socket are checked.
enum class Trust {
  // Not checked: the process has only the permissions of its user.
  any,
  // For root: no other user may be able to replace a directory, a link or the socket. Each
  // directory must belong to root, to the user of the process, or to the owner of `/`; the last one
  // may belong to the owner of the socket. Other users may write only to directories with the
  // sticky bit. Symbolic links of other users are an error.
  checked,
};

// Opens a directory by its absolute path (O_PATH). Creates it with mode 0700 if it is missing.
// `owner` is that of the socket, or -1 for the user of the process.
Result<Fd> open_socket_directory(const std::string& path, Trust trust,
                                 uid_t owner = static_cast<uid_t>(-1));

}  // namespace scache::standalone
