// SPDX-License-Identifier: Apache-2.0
#include "base/process.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace scache::base {

// The placeholder is an unconnected socket, which needs no /dev. A write to it fails, as to a
// closed descriptor, so that lost output is still an error. A read returns end of file.
bool reserve_standard_descriptors() noexcept {
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    if (::fcntl(number, F_GETFD) != -1) continue;
    const int placeholder = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (placeholder == -1) return false;
    ::shutdown(placeholder, SHUT_RD);
  }
  return true;
}

bool is_inherited(int descriptor) noexcept {
  const int flags = ::fcntl(descriptor, F_GETFD);
  return flags != -1 && (flags & FD_CLOEXEC) == 0;
}

bool prepare_server() noexcept {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return reserve_standard_descriptors();
}

rlim_t raise_descriptor_limit(Log& log) noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    log.warn("cannot read the limit of open files, {} is assumed: {}", kAssumedDescriptors,
             std::strerror(errno));
    return kAssumedDescriptors;
  }
  if (limit.rlim_cur == limit.rlim_max) return limit.rlim_cur;
  const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return raised.rlim_cur;
  log.warn("the limit of open files stays at {}: cannot raise it to {}: {}", limit.rlim_cur,
           limit.rlim_max, std::strerror(errno));
  return limit.rlim_cur;
}

}  // namespace scache::base
