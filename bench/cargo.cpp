// SPDX-License-Identifier: Apache-2.0
#include "cargo.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fail.hpp"

namespace scache::bench {
namespace {

std::uint64_t inode_of(int descriptor) noexcept {
  struct stat about{};
  return ::fstat(descriptor, &about) == 0 ? about.st_ino : 0;
}

// Returns the client's end. The server's end stays open, too.
int connect_over_loopback() {
  const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const int mine = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listening, generic, size) != 0 || ::listen(listening, 1) != 0 ||
      ::getsockname(listening, generic, &size) != 0 || ::connect(mine, generic, size) != 0 ||
      ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC) < 0) {
    fail("no TCP connection over loopback: {}", std::strerror(errno));
  }
  ::close(listening);
  return mine;
}

int pair_of_sockets() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    fail("socketpair: {}", std::strerror(errno));
  }
  return pair[0];
}

}  // namespace

bool Cargo::is_same(int other) const noexcept {
  return inode_of(other) == inode;
}

std::span<const Cargo> CargoStore::first(CargoKind kind, std::size_t count) {
  std::vector<Cargo>& store = kind == CargoKind::tcp ? tcp_ : local_;
  while (store.size() < count) {
    const int descriptor = kind == CargoKind::tcp ? connect_over_loopback() : pair_of_sockets();
    store.push_back({descriptor, inode_of(descriptor)});
  }
  return {store.data(), count};
}

}  // namespace scache::bench
