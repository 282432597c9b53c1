#include "base/stream_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>

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

Fd adopt_inherited_fd(int descriptor) noexcept {
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return Fd{descriptor};
}

Fd adopt_listening(int descriptor) noexcept {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  return adopt_inherited_fd(descriptor);
}

}  // namespace scache
