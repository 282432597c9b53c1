// SPDX-License-Identifier: Apache-2.0
#include "io/descriptor.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/stream_socket.hpp"

// Which calls can block on another process, and which cannot (Linux 6.1 to 6.18):
//
// - getsockopt(2) of SOL_SOCKET reads integer options without the socket's lock, and returns
//   ENOTSOCK without an access to the file. setsockopt(2), TCP_INFO, and getsockname(2) and
//   getpeername(2) of a TCP socket take its lock, which recv(2) holds while it copies into the
//   caller's memory.
// - getpeername(2) and send(2) of a UNIX-domain stream socket take spin locks only; its recv(2)
//   holds a lock while it copies.
// - poll(2) takes no lock of a TCP socket, a UNIX-domain socket or a pipe. Other protocols take the
//   socket's lock (AF_VSOCK), and poll(2) of a file may call its file system. Multipath TCP reads
//   its queues and states without its lock.
// - epoll_ctl(2) polls a descriptor that is added or modified as poll(2) does; beside that it takes
//   spin locks, and the mutex of the epoll set, which only this process has. If the set itself is a
//   member of another one, EPOLL_CTL_ADD also takes a mutex of the whole system.
// - fcntl(2) with F_GETPIPE_SZ, ioctl(2) with FIONREAD, read(2), write(2) and close(2) take the
//   pipe's lock, which a writer holds while it copies from its memory.
// - fstat(2) and statx(2) may wait for a file system that does not answer; lseek(2) takes the lock
//   of the file position.
//
// A call takes half a microsecond, a twentieth of a request. So a save determines the kind and
// whether there is input, and a lookup checks whether the connection is alive.

namespace scache::io {
namespace {

// posix_fadvise(2) checks for a pipe before it checks the length, and rejects a negative length.
bool is_pipe(int descriptor) noexcept {
  return ::posix_fadvise(descriptor, 0, -1, POSIX_FADV_NORMAL) == ESPIPE;
}

short poll_events(int socket) noexcept {
  pollfd state{.fd = socket, .events = POLLIN | POLLPRI | POLLOUT | POLLRDHUP, .revents = 0};
  return ::poll(&state, 1, 0) < 0 ? short{POLLOUT} : state.revents;
}

// Whether the events of poll(2) mean that the connection is closed.
bool says_closed(short events) noexcept {
  return (events & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

// For a socket that is not writable. If its send queue is empty, it is still connecting.
bool is_connecting(int socket) noexcept {
  // Multipath TCP takes the socket's lock for SIOCOUTQ.
  if (socket_option(socket, SO_PROTOCOL) != IPPROTO_TCP) return false;
  int on_its_way = -1;
  return ::ioctl(socket, SIOCOUTQ, &on_its_way) == 0 && on_its_way == 0;
}

// A send of no bytes fails with EPIPE if the stream is shut down.
bool sends_no_more(int stream) noexcept {
  return ::sendto(stream, nullptr, 0, MSG_DONTWAIT | MSG_NOSIGNAL, nullptr, 0) < 0 &&
         errno == EPIPE;
}

// Other families use the same protocol numbers, such as NETLINK_XFRM, but not for stream sockets.
// An ioctl(2) such as SIOCOUTQNSD would need one call less, but reaches the code of other families:
// AX.25 takes the socket's lock.
DescriptorFacts inspect_network(int socket) noexcept {
  if (!is_stream_socket(socket, /*listening=*/false)) return {};
  return {.kind = DescriptorKind::network};
}

DescriptorFacts inspect_local(int socket, std::span<const ListeningAddress> listening) noexcept {
  sockaddr_un peer{};
  socklen_t size = sizeof peer;
  if (socket_family(socket) != AF_UNIX || socket_option(socket, SO_TYPE) != SOCK_STREAM ||
      ::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) != 0) {
    return {};
  }
  const bool own_client = std::ranges::any_of(
      listening, [&](const ListeningAddress& address) { return address.is_peer_of(peer, size); });
  return {.kind = DescriptorKind::local, .own_client = own_client};
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
  // The address of an unnamed socket, such as that of socketpair(2), has only a family.
  return size_ > offsetof(sockaddr_un, sun_path) && size == size_ &&
         std::memcmp(&peer, &address_, size) == 0;
}

DescriptorFacts inspect(int descriptor, std::span<const ListeningAddress> listening) noexcept {
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

bool has_input(int socket) noexcept {
  const short events = poll_events(socket);
  return !says_closed(events) && (events & (POLLIN | POLLPRI)) != 0;
}

SocketState state_of(int socket, DescriptorKind kind) noexcept {
  const short events = poll_events(socket);
  const bool over = says_closed(events) || (kind == DescriptorKind::local
                                                ? sends_no_more(socket)
                                                : (events & POLLOUT) == 0 && is_connecting(socket));
  if (over) return SocketState::over;
  return (events & (POLLIN | POLLPRI)) != 0 ? SocketState::has_input : SocketState::quiet;
}

std::uint64_t cookie_of(int socket) noexcept {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  return ::getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

}  // namespace scache::io
