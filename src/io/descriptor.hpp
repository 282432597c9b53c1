#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>

namespace scache {

// What a descriptor refers to, as far as it matters for keeping and closing it.
enum class DescriptorKind : std::uint8_t {
  // A connected UNIX-domain socket: closing it may block for descriptors of any kind that were sent
  // into it and not received.
  local,
  // Another family's socket: closing it may block for its linger time.
  network,
  // A pipe: closing it never blocks.
  pipe,
  // A file, a device, another UNIX-domain socket: closing it may block for as long as it likes.
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

// Looks at a descriptor without touching what it refers to: no file system is asked, and no lock is
// waited for that whoever shares a socket may hold for as long as he likes, as getpeername(2) would
// on one of the internet's. One system call for a network's socket, two for a connected local one.
DescriptorFacts inspect(int descriptor, const ListeningAddress& listening) noexcept;

}  // namespace scache
