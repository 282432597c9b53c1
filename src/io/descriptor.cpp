#include "io/descriptor.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace scache {
namespace {

int option(int socket, int name) noexcept {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(socket, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
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
  union {
    sockaddr generic;
    sockaddr_un local;
    sockaddr_storage storage;
  } peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(descriptor, &peer.generic, &size) == 0) {
    if (peer.generic.sa_family != AF_UNIX) return {DescriptorKind::network, false};
    const bool stream = option(descriptor, SO_TYPE) == SOCK_STREAM;
    return {stream ? DescriptorKind::local_stream : DescriptorKind::other,
            listening.is_peer_of(peer.local, size)};
  }
  if (errno != ENOTSOCK) {
    const bool local = option(descriptor, SO_DOMAIN) == AF_UNIX;
    return {local ? DescriptorKind::other : DescriptorKind::network, false};
  }
  const bool pipe = ::fcntl(descriptor, F_GETPIPE_SZ) >= 0;
  return {pipe ? DescriptorKind::pipe : DescriptorKind::other, false};
}

}  // namespace scache
