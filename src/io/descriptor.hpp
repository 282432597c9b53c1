// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <span>

#include "base/descriptor_kind.hpp"

namespace scache::io {

// The address of a listening UNIX-domain socket, to recognize connections to it.
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
  // Whether it is a client's end of a connection to one of the listening sockets.
  bool own_client = false;
};

// Determines the kind of a descriptor that other processes may share. Makes no request to a file
// system, and takes no lock that another process can hold: of a pipe, a TCP socket or a file
// position.
DescriptorFacts inspect(int descriptor, std::span<const ListeningAddress> listening) noexcept;

// Whether a socket is not connected, or its connection is shut down in one direction. Cannot detect
// that the sending side of a TCP socket was shut down locally. Never blocks, as inspect().
bool is_over(int socket, DescriptorKind kind) noexcept;

}  // namespace scache::io
