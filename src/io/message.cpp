#include "io/message.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

// The only recvmsg and the only sendmsg of the tree.
//
// What the kernel (unix(7), recvmsg(2)) does with descriptors on a stream:
// - A recvmsg may put earlier bytes in front of a message with descriptors, never later ones: with
//   "AAAA" and then "BB" and a descriptor sent, one recvmsg brings six bytes and the descriptor. So
//   a descriptor belongs to the last byte that came with it.
// - The control buffer holds exactly one descriptor: CMSG_LEN(sizeof(int)), 20 bytes. Surplus ones
//   are discarded by the kernel, and MSG_CTRUNC says so. CMSG_SPACE would be 24 and let a second
//   one in. Where the descriptor table is full none is installed, and MSG_CTRUNC says that too.
// - What arrives is ours from the line on that reads it, and close-on-exec from birth.
// - EINTR cannot last: signals are rare, and a call that never blocks is called again at once.

namespace scache {
namespace {

// Room for one descriptor, no more: see above.
constexpr std::size_t kControlBytes = CMSG_LEN(sizeof(int));

union Control {
  cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int))];
};

Fd take_descriptor(msghdr& message) noexcept {
  Fd fd;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    if (header->cmsg_len < kControlBytes) continue;
    int number = -1;
    std::memcpy(&number, CMSG_DATA(header), sizeof number);
    fd.reset(number);
  }
  return fd;
}

}  // namespace

Received receive(int socket, std::span<char> into) noexcept {
  Control control;
  iovec buffer{into.data(), into.size()};
  msghdr message{};
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = kControlBytes;

  ssize_t size = 0;
  do {
    size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);

  Received received;
  if (size < 0) {
    received.error = errno;
    const bool wait = errno == EAGAIN || errno == EWOULDBLOCK;
    received.kind = wait ? Received::Kind::nothing_yet : Received::Kind::failed;
    return received;
  }
  received.fd = take_descriptor(message);
  received.descriptors_lost = (message.msg_flags & MSG_CTRUNC) != 0;
  received.kind = size == 0 ? Received::Kind::end : Received::Kind::bytes;
  received.size = static_cast<std::size_t>(size);
  return received;
}

bool Sent::must_wait() const noexcept {
  return error == EAGAIN || error == EWOULDBLOCK;
}

Sent send(int socket, std::string_view bytes, int descriptor) noexcept {
  iovec buffer{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  Control control{};
  if (descriptor >= 0) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control.bytes;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = kControlBytes;
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }

  ssize_t size = 0;
  do {
    size = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (size < 0 && errno == EINTR);

  Sent sent;
  if (size < 0) {
    sent.error = errno;
  } else {
    sent.size = static_cast<std::size_t>(size);
  }
  return sent;
}

}  // namespace scache
