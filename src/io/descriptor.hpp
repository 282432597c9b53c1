#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>

#include "base/rooms.hpp"

namespace scache::io {

// The kinds of descriptors that are kept (docs/what-not-to-cache.md has the reasons).
enum class DescriptorKind : std::uint8_t {
  // A connected UNIX-domain stream socket.
  local,
  // A TCP socket that does not listen, over IPv4 or IPv6.
  network,
  // An end of a pipe or of a FIFO.
  pipe,
  // Anything else: it is not kept.
  other,
};

// The address of a listening UNIX-domain socket, and whether a descriptor is somebody's connection
// to it.
class ListeningAddress {
 public:
  ListeningAddress() = default;
  explicit ListeningAddress(int listening_socket) noexcept;

  bool is_peer_of(const sockaddr_un& peer, socklen_t size) const noexcept;

 private:
  sockaddr_un address_{};
  socklen_t size_ = 0;
};

struct DescriptorFacts {
  DescriptorKind kind = DescriptorKind::other;
  // It is a client's end of a connection to this server.
  bool own_client = false;
};

// Looks at a descriptor that somebody else has, too. It asks no file system, and waits for no lock
// that the others may hold: of a pipe, of a socket of the internet, of a file's position.
DescriptorFacts inspect(int descriptor, const ListeningAddress& listening) noexcept;

// Whether a socket has no connection, or one that is over in one direction. What its owner has done
// to the sending side of a TCP socket cannot be told. Waits for nobody, as inspect().
bool is_over(int socket, DescriptorKind kind) noexcept;

}  // namespace scache::io
