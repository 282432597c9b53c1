// SPDX-License-Identifier: Apache-2.0
#include "base/fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace scache::base {

void Fd::reset(int number) noexcept {
  // On Linux close() frees the number even if it fails, also with EINTR: never retry it.
  const int saved_errno = errno;
  const int old = std::exchange(number_, number);
  if (old >= 0) ::close(old);
  errno = saved_errno;
}

Fd duplicate(int number) noexcept {
  return Fd{::fcntl(number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
}

}  // namespace scache::base
