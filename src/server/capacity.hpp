#pragma once

#include <algorithm>
#include <cstddef>

#include "base/rooms.hpp"

namespace scache::server {

// Capacity shares a process's descriptors out between connections and clients, so that neither
// takes what the other needs, and some are always left.
struct Capacity {
  std::size_t connections;
  std::size_t clients;

  // For the log, epoll, signals, the descriptors that master(8) leaves, and those that wait to be
  // closed by the closer's thread; a quarter of all where there are few.
  static constexpr std::size_t kReserve = 96;
  // One client for so many descriptors: 414 of 20,000, four times Postfix's default process limit.
  // Each is reckoned with two, its own and one that it has sent ahead, and all of them together can
  // leave half of the kernel's allowance unread (Stream::kMaxUnreadDescriptors).
  static constexpr std::size_t kDescriptorsOfClient = 48;
  static constexpr std::size_t kFewestClients = 8;
  // Below this number of descriptors the server says at its start that there are few.
  static constexpr std::size_t kFewDescriptors = 256;

  // Of clients that one user may have where there are others: a quarter of all is left to those.
  constexpr std::size_t clients_of_user() const noexcept { return clients - clients / 4; }

  static constexpr Capacity of(std::size_t descriptors) noexcept {
    const std::size_t rest = descriptors - std::min(kReserve, descriptors / 4);
    const std::size_t clients = std::max(rest / kDescriptorsOfClient, kFewestClients);
    return {rest > 2 * clients ? rest - 2 * clients : 1, clients};
  }
};

}  // namespace scache::server
