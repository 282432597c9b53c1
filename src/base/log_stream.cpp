// SPDX-License-Identifier: Apache-2.0
#include "base/log_stream.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace scache::base {
namespace {

bool is_socket(int descriptor) noexcept {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
}

}  // namespace

LogStream::LogStream(int descriptor) noexcept
    : descriptor_{descriptor}, is_socket_{is_socket(descriptor)} {}

LogOutlet::Sent LogStream::try_send(std::string_view& record) noexcept {
  while (is_socket_ && !record.empty()) {
    const ssize_t sent =
        ::send(descriptor_, record.data(), record.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      record.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EINTR) {
      return errno == EAGAIN ? Sent::not_now : Sent::no;
    }
  }
  return record.empty() ? Sent::yes : Sent::not_now;
}

bool LogStream::send(std::string_view record) noexcept {
  while (!record.empty()) {
    const ssize_t sent = ::write(descriptor_, record.data(), record.size());
    if (sent >= 0) {
      record.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      // Another process has set O_NONBLOCK on the shared open file.
      is_ready(-1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool LogStream::send_if_ready(std::string_view record) noexcept {
  if (is_socket_) return try_send(record) == Sent::yes;
  return is_ready(0) && ::write(descriptor_, record.data(), record.size()) >= 0;
}

bool LogStream::is_ready(int patience) const noexcept {
  pollfd waiting{.fd = descriptor_, .events = POLLOUT, .revents = 0};
  return ::poll(&waiting, 1, patience) > 0;
}

}  // namespace scache::base
