#include "io/descriptor.hpp"

#include <fcntl.h>

#include <cstddef>
#include <cstring>

#include "base/stream_socket.hpp"

namespace scache {

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
  const int family = socket_family(descriptor);
  if (family < 0) {
    const bool pipe = ::fcntl(descriptor, F_GETPIPE_SZ) >= 0;
    return {pipe ? DescriptorKind::pipe : DescriptorKind::other, false};
  }
  if (family != AF_UNIX) return {DescriptorKind::network, false};
  sockaddr_un peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0) {
    return {DescriptorKind::other, false};
  }
  return {DescriptorKind::local, listening.is_peer_of(peer, size)};
}

}  // namespace scache
