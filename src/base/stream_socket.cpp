// SPDX-License-Identifier: Apache-2.0
#include "base/stream_socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace scache::base {
namespace {

// The TCP state, such as TCP_ESTABLISHED; nothing if the socket is not TCP.
std::optional<std::uint8_t> tcp_state(int descriptor) noexcept {
  std::uint8_t state = 0;
  socklen_t size = sizeof state;
  static_assert(offsetof(tcp_info, tcpi_state) == 0);
  if (::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &state, &size) != 0) return std::nullopt;
  return state;
}

// The errno of a write to a UNIX-domain stream socket, or 0. A write of no bytes sends nothing.
int why_no_sending(int descriptor) noexcept {
  if (socket_family(descriptor) != AF_UNIX || socket_option(descriptor, SO_TYPE) != SOCK_STREAM) {
    return 0;
  }
  if (::send(descriptor, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL) == 0) return 0;
  const int problem = errno;
  return socket_option(descriptor, SO_ACCEPTCONN) == 1 ? 0 : problem;
}

// A socket that was reset has no peer any more, but still a port.
bool has_port(int tcp_socket) noexcept {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  return ::getsockname(tcp_socket, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
         reinterpret_cast<const sockaddr_in&>(address).sin_port != 0;
}

}  // namespace

int socket_option(int descriptor, int name) noexcept {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

bool is_stream_socket(int descriptor, bool listening) noexcept {
  return socket_option(descriptor, SO_TYPE) == SOCK_STREAM &&
         socket_option(descriptor, SO_ACCEPTCONN) == (listening ? 1 : 0);
}

int socket_family(int descriptor) noexcept {
  return socket_option(descriptor, SO_DOMAIN);
}

// poll(2) does not report a shutdown of the local side.
bool is_open_for_sending(int descriptor) noexcept {
  if (const auto state = tcp_state(descriptor)) {
    return *state == TCP_ESTABLISHED || *state == TCP_CLOSE_WAIT;
  }
  const int problem = why_no_sending(descriptor);
  return problem != EPIPE && problem != ENOTCONN;
}

bool is_unusable_by_mistake(int descriptor) noexcept {
  if (const auto state = tcp_state(descriptor)) {
    if (*state == TCP_CLOSE) return !has_port(descriptor);
    return *state != TCP_ESTABLISHED && *state != TCP_CLOSE_WAIT && *state != TCP_LAST_ACK &&
           *state != TCP_CLOSING;
  }
  const int problem = why_no_sending(descriptor);
  if (problem != EPIPE) return problem == ENOTCONN;
  // EAGAIN means that the peer is still there.
  char byte = 0;
  return ::recv(descriptor, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

Fd adopt_inherited_fd(int descriptor) noexcept {
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return Fd{descriptor};
}

Fd adopt_listening(int descriptor) noexcept {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  return adopt_inherited_fd(descriptor);
}

}  // namespace scache::base
