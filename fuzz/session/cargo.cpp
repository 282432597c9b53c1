// SPDX-License-Identifier: Apache-2.0
#include "session/cargo.hpp"

#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "require.hpp"
#include "support/descriptors.hpp"

namespace scache::fuzz {
namespace {

// The number of a pipe or socket, which no other has. Eventfds have one together, and are not told
// apart.
std::optional<ino_t> number_of(int descriptor) {
  struct stat status{};
  require(::fstat(descriptor, &status) == 0, "a descriptor is open");
  if (!S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode)) return std::nullopt;
  return status.st_ino;
}

}  // namespace

Fd Cargo::make(char kind) {
  switch (kind) {
    case 'P':
    case 'S':
    case 'T': {
      auto [first, second] = kind == 'P'   ? test::pipe_pair()
                             : kind == 'S' ? test::socket_pair()
                                           : test::tcp_pair();
      ends_.push_back(std::move(first));
      return std::move(second);
    }
    case 'E':
      return Fd{::eventfd(0, EFD_CLOEXEC)};
    case 'N': {
      Fd network{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
      const linger setting{1, 5};
      ::setsockopt(network.get(), SOL_SOCKET, SO_LINGER, &setting, sizeof setting);
      return network;
    }
    case 'U':
      return Fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    default:
      return Fd{};
  }
}

void Cargo::sent(int descriptor, bool alone) {
  const auto number = number_of(descriptor);
  if (!number) return;
  Account& account = accounts_[*number];
  // One of several is never kept.
  if (alone) ++account.sent;
}

void Cargo::received(int descriptor) {
  const auto number = number_of(descriptor);
  if (!number) return;
  const auto found = accounts_.find(*number);
  require(found != accounts_.end(), "a descriptor that is received was sent");
  require(++found->second.received <= found->second.sent, "a descriptor is handed out once");
}

void Cargo::speak() {
  // Of pipes these are the reading ends.
  for (const Fd& end : ends_)
    (void)::send(end.get(), "220 hello\r\n", 11, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void Cargo::reset() {
  const linger at_once{1, 0};
  for (const Fd& end : ends_) {
    ::setsockopt(end.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  ends_.clear();
}

bool Cargo::all_left_alone() const {
  return std::ranges::all_of(ends_, test::is_left_alone);
}

}  // namespace scache::fuzz
