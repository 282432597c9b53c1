// SPDX-License-Identifier: Apache-2.0
#include "ctl/connect.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>

#include "base/stream_socket.hpp"

namespace scache::ctl {
namespace {

using std::chrono::milliseconds;
using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

// Waits for a pending connect. Returns 0 or an errno.
int outcome(int descriptor, milliseconds timeout) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
    pollfd waiting{descriptor, POLLOUT, 0};
    const auto wait = std::clamp<milliseconds::rep>(left, 0, std::numeric_limits<int>::max());
    const int ready = ::poll(&waiting, 1, static_cast<int>(wait));
    if (ready == 0) return ETIMEDOUT;
    if (ready > 0) break;
    if (errno != EINTR) return errno;
  }
  int problem = 0;
  socklen_t size = sizeof(problem);
  return ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &problem, &size) == 0 ? problem : errno;
}

// Returns 0 or an errno.
int try_address(const addrinfo& address, milliseconds timeout, Descriptor& connection) {
  connection.reset(::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                            address.ai_protocol));
  if (!connection) return errno;
  if (::connect(connection.get(), address.ai_addr, address.ai_addrlen) == 0) return 0;
  return errno == EINPROGRESS ? outcome(connection.get(), timeout) : errno;
}

}  // namespace

Result<Descriptor> connect_to(const std::string& host, const std::string& port,
                              milliseconds timeout) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int problem = ::getaddrinfo(host.c_str(), port.c_str(), &wanted, &found);
      problem != 0) {
    return Error{ErrorCode::system, fmt::format("{}:{}: {}", host, port, ::gai_strerror(problem))};
  }
  const Addresses addresses{found, &::freeaddrinfo};
  int problem = EHOSTUNREACH;
  for (const addrinfo* each = addresses.get(); each != nullptr; each = each->ai_next) {
    Descriptor connection;
    problem = try_address(*each, timeout, connection);
    if (problem != 0) continue;
    make_blocking(connection.get());
    return connection;
  }
  return Error{ErrorCode::system, fmt::format("{}:{}: {}", host, port, std::strerror(problem))};
}

bool is_reusable(int descriptor) noexcept {
  pollfd look{descriptor, POLLIN | POLLRDHUP, 0};
  return ::poll(&look, 1, 0) == 0 && is_open_for_sending(descriptor);
}

void make_blocking(int descriptor) noexcept {
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags != -1) ::fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK);
}

}  // namespace scache::ctl
