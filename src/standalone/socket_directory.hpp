#pragma once

#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace scache::standalone {

// Whether the directories on the way to a socket are checked.
enum class Trust {
  // The kernel's permissions are enough: the process can do no more than its user.
  any,
  // For root: nobody else may be able to replace a directory, a link or the socket. Each directory
  // belongs to root, to the process's user or to the owner of `/`, and others may write to it only
  // where it has the sticky bit; symbolic links of other users are not followed.
  checked,
};

// Opens a directory by its absolute path (O_PATH), and makes it with mode 0700 where it is missing.
Result<Fd> open_socket_directory(const std::string& path, Trust trust);

}  // namespace scache::standalone
