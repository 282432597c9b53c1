// SPDX-License-Identifier: Apache-2.0
#include "client/socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace scache::client {
namespace {

// Sets SO_SNDTIMEO or SO_RCVTIMEO, for which zero would mean no limit.
bool set_timeout(int socket, int option, Duration limit) noexcept {
  using std::chrono::microseconds;
  const auto rounded = std::chrono::ceil<microseconds>(limit);
  if (rounded == microseconds{0}) return false;
  const auto most = std::min<microseconds>(rounded, std::chrono::hours{24});
  const timeval value{most.count() / 1'000'000, most.count() % 1'000'000};
  return ::setsockopt(socket, SOL_SOCKET, option, &value, sizeof value) == 0;
}

// A UNIX-domain socket connects at once, or waits for room in the server's backlog.
int connect_until(int socket, const sockaddr_un& address, Instant deadline) noexcept {
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  for (;;) {
    const bool waits = set_timeout(socket, SO_SNDTIMEO, left_until(deadline, BootClock::now()));
    if (!waits) ::fcntl(socket, F_SETFL, O_NONBLOCK);
    if (::connect(socket, generic, sizeof address) == 0) {
      // A receive may wait.
      if (!waits) ::fcntl(socket, F_SETFL, 0);
      return 0;
    }
    if (errno == EINTR) continue;
    return errno;
  }
}

}  // namespace

int Socket::open(const std::string& path, Instant deadline) noexcept {
  close();
  receive_limit_ = Duration{0};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  path.copy(address.sun_path, path.size());
  int error = descriptor_.open([] { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); });
  if (error == 0) error = connect_until(descriptor_.get(), address, deadline);
  if (error != 0) close();
  return error;
}

bool Socket::limit_receive(Duration left) noexcept {
  constexpr Duration kShort = std::chrono::seconds{1};
  if (left < kShort) return false;
  // A program gives all its calls the same timeout, so that one setsockopt(2) serves them all.
  const bool in_time = receive_limit_ + receive_limit_ / 8 <= left;
  if (in_time && receive_limit_ > left / 2) return true;
  const Duration limit = left - left / 8;
  if (!set_timeout(get(), SO_RCVTIMEO, limit)) return false;
  receive_limit_ = limit;
  return true;
}

}  // namespace scache::client
