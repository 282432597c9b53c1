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

// How long connect() may wait for room in the server's backlog: a socket's send timeout, of which
// zero would be for ever.
bool limit_wait(int socket, Instant deadline) noexcept {
  using std::chrono::microseconds;
  const auto left = std::chrono::ceil<microseconds>(left_until(deadline, BootClock::now()));
  if (left == microseconds{0}) return false;
  const auto most = std::min<microseconds>(left, std::chrono::hours{24});
  const timeval limit{most.count() / 1'000'000, most.count() % 1'000'000};
  return ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0;
}

// A UNIX-domain socket connects at once, or waits for room in the backlog.
int connect_until(int socket, const sockaddr_un& address, Instant deadline) noexcept {
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  for (;;) {
    const bool waits = limit_wait(socket, deadline);
    if (!waits) ::fcntl(socket, F_SETFL, O_NONBLOCK);
    if (::connect(socket, generic, sizeof address) == 0) return 0;
    if (errno == EINTR) continue;
    return errno;
  }
}

}  // namespace

int Socket::open(const std::string& path, Instant deadline) noexcept {
  close();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  path.copy(address.sun_path, path.size());
  int error = descriptor_.open([] { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); });
  if (error == 0) error = connect_until(descriptor_.get(), address, deadline);
  if (error != 0) close();
  return error;
}

}  // namespace scache::client
