// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/rooms.hpp"

namespace scache::server {

// Capacity divides the descriptors of the process between connections, clients and goodbyes, and
// keeps a reserve.
struct Capacity {
  // For the log, epoll, signals, the descriptors inherited from master(8), and those that wait for
  // the closer's threads; a quarter of all descriptors if that is less.
  static constexpr std::size_t kReserve = 96;
  // One client for each 48 descriptors: 414 of 20,000, four times Postfix's default process limit.
  // Each client counts as two descriptors, its own and one that it has sent ahead. All clients
  // together can leave half of the kernel's allowance unread (Stream::kMaxUnreadDescriptors).
  static constexpr std::size_t kDescriptorsOfClient = 48;
  static constexpr std::size_t kFewestClients = 8;
  // Connections that say goodbye at once: one for each 64 descriptors, and at most kGoodbyes. With
  // an answer after a tenth of a second that is 640 goodbyes in a second.
  static constexpr std::size_t kGoodbyes = 64;
  static constexpr std::size_t kDescriptorsOfGoodbye = 64;
  // Below this number of descriptors the server logs a warning when it starts.
  static constexpr std::size_t kFewDescriptors = 256;

  std::size_t connections;
  std::size_t clients;
  // Descriptors that may wait for the closer's threads: a part of the reserve. A small reserve is
  // mostly for the descriptors of the server itself.
  std::size_t closing = kReserve * 2 / 3;
  // Connections that have left the cache and say goodbye.
  std::size_t goodbyes = 0;

  // Clients of one user when other users have access: a quarter is left for the others.
  constexpr std::size_t clients_of_user() const noexcept { return clients - clients / 4; }

  static constexpr Capacity of(std::size_t descriptors) noexcept {
    const std::size_t reserve = std::min(kReserve, descriptors / 4);
    const std::size_t goodbyes = std::min(kGoodbyes, descriptors / kDescriptorsOfGoodbye);
    const std::size_t rest = descriptors - reserve - goodbyes;
    const std::size_t clients = std::max(rest / kDescriptorsOfClient, kFewestClients);
    return {rest > 2 * clients ? rest - 2 * clients : 1, clients,
            reserve == kReserve ? kReserve * 2 / 3 : reserve / 4, goodbyes};
  }
};

}  // namespace scache::server
