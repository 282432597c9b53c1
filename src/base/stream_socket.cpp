#include "base/stream_socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace scache {

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

// poll(2) says nothing of one's own side. A TCP socket tells its state; a local one fails a write
// of no bytes, which sends nothing on a stream.
bool is_open_for_sending(int descriptor) noexcept {
  std::uint8_t state = 0;
  socklen_t size = sizeof state;
  static_assert(offsetof(tcp_info, tcpi_state) == 0);
  if (::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &state, &size) == 0) {
    return state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT;
  }
  if (socket_family(descriptor) != AF_UNIX || !is_stream_socket(descriptor, false)) return true;
  if (::send(descriptor, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL) == 0) return true;
  return errno != EPIPE && errno != ENOTCONN;
}

Fd adopt_inherited_fd(int descriptor) noexcept {
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return Fd{descriptor};
}

Fd adopt_listening(int descriptor) noexcept {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  return adopt_inherited_fd(descriptor);
}

}  // namespace scache
