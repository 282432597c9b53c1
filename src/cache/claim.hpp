// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "base/rooms.hpp"
#include "cache/observer.hpp"
#include "cache/record.hpp"

namespace scache::cache {

class Cache;
struct Connection;

// Claim is a found connection that is still to be sent. Other lookups do not find it. The owner
// calls commit() after it has sent the descriptor; otherwise the destructor returns the connection
// to its place. Move-only. A claim must not outlive the cache.
class Claim {
 public:
  Claim(Cache& cache, Connection& connection) : cache_{&cache}, connection_{&connection} {}
  Claim(Claim&& other) noexcept
      : cache_{other.cache_}, connection_{std::exchange(other.connection_, nullptr)} {}
  Claim& operator=(Claim&&) = delete;
  ~Claim();

  // The connection. Its views are valid, and its descriptor is open, until the claim ends.
  ConnectionRecord record() const noexcept;

  // Removes the handed-out connection from the cache. After that the claim can only be destroyed.
  void commit() noexcept;
  // Removes a dead connection from the cache. After that the claim can only be destroyed.
  void discard() noexcept;
  // Drops a connection that somebody may be using. After that the claim can only be destroyed.
  void withdraw() noexcept;

 private:
  void leave(Departure why) noexcept;

  Cache* cache_;
  Connection* connection_;
};

}  // namespace scache::cache
