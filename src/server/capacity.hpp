#pragma once

#include <algorithm>
#include <cstddef>

namespace scache {

// Capacity shares a process's descriptors out between connections and clients, so that neither
// takes what the other needs, and some are always left.
struct Capacity {
  std::size_t connections;
  std::size_t clients;

  // For the log, epoll, signals, the descriptors that master(8) leaves, descriptors on their way
  // in, and those that wait for the closer's thread.
  static constexpr std::size_t kReserve = 96;
  // Clients get a thirty-second of the rest: 622 of 20,000, several times Postfix's default process
  // limit of 100, and 16 descriptors that each leaves unread stay below the kernel's allowance.
  static constexpr std::size_t kShareOfClients = 32;
  static constexpr std::size_t kFewestClients = 8;
  // A process that has less descriptors than this cannot serve.
  static constexpr std::size_t kFewestDescriptors = kReserve + 2 * kFewestClients;

  static constexpr Capacity of(std::size_t descriptors) noexcept {
    const std::size_t rest = descriptors > kReserve ? descriptors - kReserve : 0;
    const std::size_t clients = std::max(rest / kShareOfClients, kFewestClients);
    return {rest > clients ? rest - clients : 0, clients};
  }
};

}  // namespace scache
