#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/log.hpp"
#include "cache/cache.hpp"
#include "io/closer.hpp"
#include "io/descriptor.hpp"
#include "server/statistics.hpp"
#include "wire/request.hpp"

namespace scache {

enum class Saved : std::uint8_t {
  yes,
  // A limit is reached.
  full,
  // The descriptor is a client's end of a connection to this server: to keep it would hide that
  // client's end.
  own_client,
  // It may block in close(), and too many such descriptors are being closed.
  not_closable,
};

// Service answers requests: it asks the cache and keeps count. It answers at once and knows no
// socket of a client. One thread.
class Service final : private CacheObserver {
 public:
  // Dead connections that one lookup passes over before it gives up with a miss, so that its cost
  // stays bounded; a lookup finds none or one nearly always.
  static constexpr unsigned kMaxDeadInARow = 64;

  struct Settings {
    CacheLimits limits;
    // No entry lives longer, whatever its client asks for.
    std::chrono::seconds ttl_limit{2};
    ListeningAddress listening;
    // Whether clients are others than this process's own user and root, who could hurt it in
    // simpler ways than by the linger time of a socket (Closer::close_handed_over).
    bool strangers = false;
  };

  Service(const Settings& settings, Statistics& statistics, Closer& closer, Log& log);
  // Ends all connections like expired ones: no close waits.
  ~Service() override;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Takes `fd`: whatever the answer, the caller has it no more.
  Saved save(const SaveEndpoint& request, Fd fd, Instant now);
  Saved save(const SaveDestination& request, Instant now);
  // A miss is counted here, a hit where the claim is committed. Connections whose peer has closed
  // them leave the cache instead of being found.
  std::optional<Claim> find(const FindEndpoint& request, Instant now);
  std::optional<Cache::DestinationHit> find(const FindDestination& request, Instant now);

  enum class Lookup : std::uint8_t { endpoint, destination };
  // The claimed connection was sent.
  void commit(Claim& claim, Lookup lookup) noexcept;

  // For the expiry of entries.
  Instant next_deadline() const noexcept { return cache_.next_deadline(); }
  std::size_t expire(Instant now, std::size_t most) noexcept { return cache_.expire(now, most); }

  const Cache& cache() const noexcept { return cache_; }

 private:
  void connection_saved(std::string_view endpoint, std::string_view properties,
                        int descriptor) noexcept override;
  void connection_left(std::string_view endpoint, std::string_view properties, Fd fd,
                       std::uint8_t note, Departure why) noexcept override;
  void binding_saved(std::string_view destination, std::string_view properties,
                     std::string_view endpoint, bool renewed) noexcept override;
  void binding_left(std::string_view destination, std::string_view properties,
                    std::string_view endpoint, Departure why) noexcept override;

  Instant deadline(std::chrono::seconds ttl, Instant now) const noexcept;
  void count_saved() noexcept;

  Settings settings_;
  Statistics& statistics_;
  Closer& closer_;
  Log& log_;
  Cache cache_;
};

}  // namespace scache
