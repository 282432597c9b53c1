// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/epoll.h>
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

// The state of the connection of a socket.
enum class SocketState : std::uint8_t {
  quiet,
  // It has unread input.
  has_input,
  // The socket is not connected, or its connection is shut down in one direction.
  over,
};

// Cannot detect that the sending side of a TCP socket was shut down locally. Never blocks, as
// inspect().
SocketState state_of(int socket, DescriptorKind kind) noexcept;

// Whether a socket whose connection is not over has unread input. Never blocks, as inspect().
bool has_input(int socket) noexcept;

// A number that the kernel gives to this socket and to no other one; 0 if the descriptor is none.
std::uint64_t cookie_of(int socket) noexcept;

// The epoll events of a socket that has input, or whose connection is over. The kernel adds
// EPOLLHUP and EPOLLERR to each set of events.
inline constexpr std::uint32_t kInputEvents = EPOLLIN | EPOLLPRI;
inline constexpr std::uint32_t kEndEvents = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

}  // namespace scache::io
