#pragma once

#include <algorithm>
#include <cstddef>

namespace scache {

// Capacity shares a process's descriptors out between connections and clients, so that neither
// takes what the other needs, and some are always left.
struct Capacity {
  std::size_t connections;
  std::size_t clients;
  // Handed-over descriptors that may wait to be closed (Loop::close_soon).
  std::size_t closes;

  // For the log, epoll, signals, the descriptors that master(8) leaves, and those that wait to be
  // closed, here or by the closer's thread; a quarter of all where there are few.
  static constexpr std::size_t kReserve = 96;
  // One that waits to be closed for so many: a small part of a small reserve.
  static constexpr std::size_t kDescriptorsOfClose = 64;
  // One client for so many descriptors: 414 of 20,000, four times Postfix's default process limit.
  // Each is reckoned with two, its own and one that it has sent ahead, and all of them together can
  // leave a third of the kernel's allowance unread (Stream::kMaxUnreadDescriptors).
  static constexpr std::size_t kDescriptorsOfClient = 48;
  static constexpr std::size_t kFewestClients = 8;
  // Below this number of descriptors the server says at its start that there are few.
  static constexpr std::size_t kFewDescriptors = 256;

  // Descriptors that are watched at once: of each client, of those that come for those that go, and
  // the server's own.
  constexpr std::size_t watches() const noexcept { return 2 * clients + kReserve; }

  static constexpr Capacity of(std::size_t descriptors) noexcept {
    const std::size_t rest = descriptors - std::min(kReserve, descriptors / 4);
    const std::size_t clients = std::max(rest / kDescriptorsOfClient, kFewestClients);
    return {rest > 2 * clients ? rest - 2 * clients : 1, clients,
            descriptors / kDescriptorsOfClose};
  }
};

}  // namespace scache
