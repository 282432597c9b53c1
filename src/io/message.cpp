// SPDX-License-Identifier: Apache-2.0
#include "io/message.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

// The only recvmsg and the only sendmsg of the tree.
//
// How the kernel handles descriptors on a stream (unix(7), recvmsg(2)):
// - A recvmsg may join earlier bytes with a message that has descriptors, but never later bytes:
//   after "AAAA" and then "BB" with a descriptor, one recvmsg returns six bytes and the descriptor.
//   So a descriptor belongs to the last byte that came with it.
// - The control buffer has room for all descriptors of a message. The kernel would close those that
//   do not fit on this thread, in recvmsg, and may wait there for a linger time. So all are
//   received, and surplus ones are closed where that may block. If the descriptor table is full,
//   the kernel closes them nevertheless and sets MSG_CTRUNC. A server keeps a reserve against
//   that. A client peeks (MSG_PEEK): that installs a copy of the descriptor, or fails and leaves
//   the message in the socket.
// - A byte that was sent out of band (MSG_OOB) is skipped, and its descriptors are closed on this
//   thread, unless SO_OOBINLINE is set.
// - EINTR: a call that does not wait is repeated at once, since signals are rare.

namespace scache::io {
namespace {

// The maximum number of descriptors in a message (SCM_MAX_FD).
constexpr std::size_t kMaxDescriptors = 253;

// Room for `count` descriptors.
template <std::size_t count>
union Control {
  cmsghdr align;
  char bytes[CMSG_SPACE(count * sizeof(int))];
};

// Takes all descriptors of a message. Returns it if there is one; several are surplus.
void take_descriptors(msghdr& message, Surplus& surplus, Received& received) noexcept {
  received.descriptors_lost = (message.msg_flags & MSG_CTRUNC) != 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t bytes = header->cmsg_len - CMSG_LEN(0);
    for (std::size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(header) + at, sizeof number);
      Fd fd{number};
      if (received.fd) received.descriptors_lost = true;
      if (received.descriptors_lost) {
        if (received.fd) surplus.close_surplus(std::move(received.fd));
        surplus.close_surplus(std::move(fd));
      } else {
        received.fd = std::move(fd);
      }
    }
  }
}

constexpr int kSendFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

template <typename Call>
Sent sent(Call call) noexcept {
  ssize_t size = 0;
  do {
    size = call();
  } while (size < 0 && errno == EINTR);
  if (size < 0) return {.size = 0, .error = errno};
  return {.size = static_cast<std::size_t>(size), .error = 0};
}

}  // namespace

void put_out_of_band_in_line(int socket) noexcept {
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
}

namespace {

Received receive_once(int socket, std::span<char> into, Surplus& surplus, int flags) noexcept {
  Control<kMaxDescriptors> control;
  iovec buffer{into.data(), into.size()};
  msghdr message{};
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control.bytes;

  const bool waits = (flags & MSG_DONTWAIT) == 0;
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR && !waits);

  Received received;
  if (size < 0) {
    received.error = errno;
    const bool wait = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    received.kind = wait ? Received::Kind::nothing_yet : Received::Kind::failed;
    return received;
  }
  take_descriptors(message, surplus, received);
  received.kind = size == 0 ? Received::Kind::end : Received::Kind::bytes;
  received.size = static_cast<std::size_t>(size);
  received.truncated = (message.msg_flags & MSG_CTRUNC) != 0;
  return received;
}

constexpr int flags_of(WhenEmpty when_empty) noexcept {
  return when_empty == WhenEmpty::wait ? 0 : MSG_DONTWAIT;
}

}  // namespace

Received receive(int socket, std::span<char> into, Surplus& surplus,
                 WhenEmpty when_empty) noexcept {
  return receive_once(socket, into, surplus, flags_of(when_empty));
}

Received receive_if_room(int socket, std::span<char> into, Surplus& surplus,
                         WhenEmpty when_empty) noexcept {
  Received peeked = receive_once(socket, into, surplus, MSG_PEEK | flags_of(when_empty));
  if (peeked.kind != Received::Kind::bytes) return peeked;
  if (peeked.truncated) {
    Received no_room;
    no_room.error = EMFILE;
    return no_room;
  }
  const std::span<char> same = into.first(peeked.size);
  if (!peeked.fd && !peeked.descriptors_lost) {
    return receive_once(socket, same, surplus, MSG_DONTWAIT);
  }
  // Without room for control data the kernel closes only its copy of the descriptor.
  const Sent taken = sent([&] { return ::recv(socket, same.data(), same.size(), MSG_DONTWAIT); });
  if (taken.size == peeked.size) return peeked;
  Received failed;
  failed.error = taken.error != 0 ? taken.error : EIO;
  return failed;
}

bool Sent::must_wait() const noexcept {
  return error == EAGAIN || error == EWOULDBLOCK;
}

Sent send(int socket, std::string_view bytes) noexcept {
  // send(2) is faster than sendmsg(2) for plain bytes.
  return sent([&] { return ::send(socket, bytes.data(), bytes.size(), kSendFlags); });
}

Sent send(int socket, std::string_view bytes, int descriptor) noexcept {
  iovec buffer{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  Control<1> control{};
  message.msg_control = &control;
  message.msg_controllen = sizeof control.bytes;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return sent([&] { return ::sendmsg(socket, &message, kSendFlags); });
}

}  // namespace scache::io
