#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/rooms.hpp"
#include "cache/observer.hpp"
#include "cache/provenance.hpp"

namespace scache::cache {

class Cache;
struct Connection;

// Claim is a found connection on its way out: nobody else finds it. commit() after its descriptor
// was sent; a claim that is destroyed without it puts the connection back in its place. Move-only;
// it must not outlive the cache.
class Claim {
 public:
  Claim(Cache& cache, Connection& connection) : cache_{&cache}, connection_{&connection} {}
  Claim(Claim&& other) noexcept
      : cache_{other.cache_}, connection_{std::exchange(other.connection_, nullptr)} {}
  Claim& operator=(Claim&&) = delete;
  ~Claim();

  // The connection's descriptor: borrowed, never closed by the caller.
  int descriptor() const noexcept;
  // Valid as long as the claim.
  std::string_view endpoint() const noexcept;
  std::string_view properties() const noexcept;
  const Provenance& provenance() const noexcept;

  // The connection has been handed out: it leaves the cache. Nothing but destruction may follow.
  void commit() noexcept;
  // The connection is of no use to anybody: it leaves the cache. The same holds.
  void discard() noexcept;

 private:
  void leave(Departure why) noexcept;

  Cache* cache_;
  Connection* connection_;
};

}  // namespace scache::cache
