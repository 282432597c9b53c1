// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstring>
#include <string_view>

namespace scache::bench {

// A message of bytes and at most one descriptor, for sendmsg and recvmsg. It cannot be copied or
// moved, since msghdr points into it.
class Rights {
 public:
  // For sendmsg; without a descriptor if it is -1.
  Rights(std::string_view bytes, int descriptor) noexcept
      : Rights{const_cast<char*>(bytes.data()), bytes.size()} {
    if (descriptor < 0) {
      message_.msg_control = nullptr;
      message_.msg_controllen = 0;
      return;
    }
    cmsghdr* header = CMSG_FIRSTHDR(&message_);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  // For recvmsg.
  Rights(char* room, std::size_t size) noexcept : buffer_{room, size} {
    message_.msg_iov = &buffer_;
    message_.msg_iovlen = 1;
    message_.msg_control = control_;
    message_.msg_controllen = sizeof control_;
  }
  Rights(const Rights&) = delete;
  Rights& operator=(const Rights&) = delete;

  msghdr* message() noexcept { return &message_; }
  // The descriptor that was received, or -1.
  int descriptor() noexcept {
    int descriptor = -1;
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message_); header != nullptr) {
      std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    }
    return descriptor;
  }

 private:
  alignas(cmsghdr) char control_[CMSG_SPACE(sizeof(int))];
  iovec buffer_;
  msghdr message_{};
};

}  // namespace scache::bench
