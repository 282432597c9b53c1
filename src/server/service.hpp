#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/log.hpp"
#include "cache/cache.hpp"
#include "io/closer.hpp"
#include "io/descriptor.hpp"
#include "server/statistics.hpp"
#include "server/totals.hpp"
#include "wire/request.hpp"

namespace scache::server {

enum class Saved : std::uint8_t {
  yes,
  // A binding that was there already.
  renewed,
  // A limit is reached.
  full,
  // The descriptor is a client's end of a connection to this server: to keep it would hide that
  // client's end.
  own_client,
  // Neither a connected stream socket nor a pipe.
  wrong_kind,
  // Too many descriptors cannot be closed.
  not_closable,
};

// Service answers requests: it asks the cache and keeps count. It answers at once and knows no
// socket of a client. One thread.
class Service final : private CacheObserver {
 public:
  // Dead connections that one lookup passes over before it gives up with a miss, so that its cost
  // stays bounded; a lookup finds none or one nearly always.
  static constexpr unsigned kMaxDeadInARow = 64;

  // Ids begin below 2^52, so that a JSON number holds them.
  static constexpr unsigned kSpareIdBits = 12;

  struct Settings {
    CacheLimits limits;
    // No entry lives longer, whatever its client asks for.
    std::chrono::milliseconds ttl_limit{2'000};
    // Where the client names no time; the limit holds for it too.
    std::chrono::milliseconds ttl_default = std::chrono::milliseconds::max();
    ListeningAddress listening;
    // When the server began.
    Instant since{};
    // Connections are numbered from the one behind it. It is random, so that the ids of two servers
    // do not meet: those of two that have each saved a billion do once in two million times.
    std::uint64_t last_connection_id = 0;
  };

  Service(const Settings& settings, Statistics& statistics, Closer& closer, Log& log);
  // Ends all connections like expired ones.
  ~Service() override;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // For what is saved from now on.
  void set_ttl(std::chrono::milliseconds usual, std::chrono::milliseconds limit) noexcept {
    settings_.ttl_default = usual;
    settings_.ttl_limit = limit;
  }
  // Of which endpoints the newest connection is found first; asked at each lookup.
  void find_newest_first(Cache::NewestFirst of_endpoint) {
    cache_.find_newest_first(std::move(of_endpoint));
  }

  // Takes `fd`: whatever the answer, the caller has it no more.
  Saved save(const SaveEndpoint& request, Fd fd, Instant now);
  // An id for a connection that has none; a save that names none gets one by itself.
  std::uint64_t new_connection_id() noexcept { return ++last_connection_id_; }
  Saved save(const SaveDestination& request, Instant now);
  // Passes over connections whose peer has closed its side, and closes them. A miss is counted
  // here, a hit where the claim is committed.
  std::optional<Claim> find(const FindEndpoint& request, Instant now);
  std::optional<Cache::DestinationHit> find(const FindDestination& request, Instant now);

  // Closes a descriptor that came from a user's client and is not to be kept.
  void close_unwanted(Fd fd, uid_t user) noexcept { closer_.close(std::move(fd), user); }
  // Whether too many descriptors wait to be closed for many to be added.
  bool is_closing() const noexcept { return closer_.is_behind(); }

  enum class Lookup : std::uint8_t { endpoint, destination };
  // The claimed connection was sent.
  void commit(Claim& claim, Lookup lookup) noexcept;

  // Some of the entries, in the order of their deadlines (Cache::walk).
  std::optional<Position> walk(Position from, std::size_t most, const Cache::Visitor& visit) {
    return cache_.walk(from, most, visit);
  }
  std::size_t drop_connections(std::string_view endpoint, std::uint64_t last, std::size_t most) {
    return cache_.drop_connections(endpoint, last, most);
  }
  std::size_t drop_bindings(std::string_view destination) {
    return cache_.drop_bindings(destination);
  }
  // Where the entry stands that was saved last, and an end to one that is still there.
  const Position& last_place() const noexcept { return cache_.last_place(); }
  void drop(const Position& place) noexcept { cache_.drop(place); }

  // For the expiry of entries.
  Instant next_deadline() const noexcept { return cache_.next_deadline(); }
  std::size_t expire(Instant now, std::size_t most) noexcept { return cache_.expire(now, most); }

  const Cache& cache() const noexcept { return cache_; }
  // What the cache has done so far (Cache::work).
  std::uint64_t work() const noexcept { return cache_.work(); }
  const Totals& totals() const noexcept { return totals_; }
  // What is in the cache, its limits, and what has happened so far, each by its name.
  void tell_statistics(Instant now,
                       const std::function<void(std::string_view, std::uint64_t)>& tell) const;

 private:
  std::optional<Saved> refusal(const DescriptorFacts& facts) const noexcept;
  // Whether a connection is of no use any more. A pipe is not asked: what is left in it may be
  // wanted though its other end is closed.
  static bool is_dead(const Claim& claim) noexcept;
  void connection_saved(std::string_view endpoint, std::string_view properties,
                        int descriptor) noexcept override;
  void connection_left(std::string_view endpoint, std::string_view properties, Fd fd,
                       std::uint32_t owner, Departure why) noexcept override;
  void binding_saved(std::string_view destination, std::string_view properties,
                     std::string_view endpoint, bool renewed) noexcept override;
  void binding_left(std::string_view destination, std::string_view properties,
                    std::string_view endpoint, Departure why) noexcept override;

  Instant deadline(std::chrono::milliseconds ttl, Instant now) const noexcept;
  void count_departure(Departure why) noexcept;
  void count_saved() noexcept;

  Settings settings_;
  Statistics& statistics_;
  Closer& closer_;
  Log& log_;
  Totals totals_;
  std::uint64_t last_connection_id_;
  Cache cache_;
};

}  // namespace scache::server
