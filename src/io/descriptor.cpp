#include "io/descriptor.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/stream_socket.hpp"

// Which calls wait for nobody (Linux 6.1 to 6.18), and which do:
//
// - getsockopt(2) of SOL_SOCKET reads numbers of a socket without its lock, and answers ENOTSOCK
//   without a look at the file. setsockopt(2), TCP_INFO, and getsockname(2) and getpeername(2) of a
//   TCP socket take its lock, which recv(2) holds while it copies into the caller's memory.
// - getpeername(2) and send(2) of a UNIX-domain stream socket hold spin locks only; its recv(2)
//   keeps a lock while it copies.
// - poll(2) takes no lock of a TCP socket, of a UNIX-domain socket or of a pipe. Other protocols
//   take the socket's (AF_VSOCK), and a file's may ask its file system.
// - fcntl(2) with F_GETPIPE_SZ, ioctl(2) with FIONREAD, read(2), write(2) and close(2) take the
//   pipe's lock, which a writer holds while it copies from its memory.
// - fstat(2) and statx(2) may ask a file system that does not answer; lseek(2) takes the lock of
//   the file's position.
//
// A call costs half a microsecond, a twentieth of a request. A save asks for the kind only: whether
// the connection is alive has to be asked when it is handed out.

namespace scache::io {
namespace {

// posix_fadvise(2) looks whether it has a pipe before it looks at the length, and has nothing to do
// where that is negative.
bool is_pipe(int descriptor) noexcept {
  return ::posix_fadvise(descriptor, 0, -1, POSIX_FADV_NORMAL) == ESPIPE;
}

short poll_events(int socket) noexcept {
  pollfd state{.fd = socket, .events = POLLOUT | POLLRDHUP, .revents = 0};
  return ::poll(&state, 1, 0) < 0 ? short{POLLOUT} : state.revents;
}

// Whether that says that the socket is of no use any more.
bool says_closed(short events) noexcept {
  return (events & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

// Of a socket without room for more: with nothing on its way it is still connecting.
bool is_connecting(int socket) noexcept {
  // Multipath TCP takes the lock for that.
  if (socket_option(socket, SO_PROTOCOL) != IPPROTO_TCP) return false;
  int on_its_way = -1;
  return ::ioctl(socket, SIOCOUTQ, &on_its_way) == 0 && on_its_way == 0;
}

// No bytes at all are sent, but a stream that was shut down says so.
bool sends_no_more(int stream) noexcept {
  return ::sendto(stream, nullptr, 0, MSG_DONTWAIT | MSG_NOSIGNAL, nullptr, 0) < 0 &&
         errno == EPIPE;
}

// Other families have protocols of the same numbers, such as NETLINK_XFRM, but no streams of them.
DescriptorFacts inspect_network(int socket) noexcept {
  if (!is_stream_socket(socket, /*listening=*/false)) return {};
  return {.kind = DescriptorKind::network};
}

DescriptorFacts inspect_local(int socket, const ListeningAddress& listening) noexcept {
  sockaddr_un peer{};
  socklen_t size = sizeof peer;
  if (socket_family(socket) != AF_UNIX || socket_option(socket, SO_TYPE) != SOCK_STREAM ||
      ::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) != 0) {
    return {};
  }
  return {.kind = DescriptorKind::local, .own_client = listening.is_peer_of(peer, size)};
}

}  // namespace

ListeningAddress::ListeningAddress(int listening_socket) noexcept {
  size_ = sizeof address_;
  auto* address = reinterpret_cast<sockaddr*>(&address_);
  if (::getsockname(listening_socket, address, &size_) != 0 || address_.sun_family != AF_UNIX) {
    size_ = 0;
  }
}

bool ListeningAddress::is_peer_of(const sockaddr_un& peer, socklen_t size) const noexcept {
  // An address of the family alone is an unnamed socket's: every socketpair() has it.
  return size_ > offsetof(sockaddr_un, sun_path) && size == size_ &&
         std::memcmp(&peer, &address_, size) == 0;
}

DescriptorFacts inspect(int descriptor, const ListeningAddress& listening) noexcept {
  switch (socket_option(descriptor, SO_PROTOCOL)) {
    case IPPROTO_TCP:
    case IPPROTO_MPTCP:
      return inspect_network(descriptor);
    case 0:
      return inspect_local(descriptor, listening);
    case -1:
      return {.kind = is_pipe(descriptor) ? DescriptorKind::pipe : DescriptorKind::other};
    default:
      return {};
  }
}

bool is_over(int socket, DescriptorKind kind) noexcept {
  const short events = poll_events(socket);
  if (says_closed(events)) return true;
  if (kind == DescriptorKind::local) return sends_no_more(socket);
  return (events & POLLOUT) == 0 && is_connecting(socket);
}

}  // namespace scache::io
