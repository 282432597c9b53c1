// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/log.hpp"
#include "cache/cache.hpp"
#include "health/farewells.hpp"
#include "health/prober.hpp"
#include "health/watcher.hpp"
#include "io/closer.hpp"
#include "io/descriptor.hpp"
#include "server/caller.hpp"
#include "server/change_log.hpp"
#include "server/counters.hpp"
#include "server/hand_out.hpp"
#include "server/histories.hpp"
#include "wire/request.hpp"

namespace scache::server {

enum class Saved : std::uint8_t {
  yes,
  // The binding existed already.
  renewed,
  // The connection is saved. It has unread input that is not allowed, so no lookup returns it.
  unread,
  // The connection has reached its maximum age or number of uses: it is closed with its goodbye,
  // and is not in the cache.
  retired,
  // A limit is reached.
  full,
  // The descriptor is a client's connection to this server. A server that keeps it cannot notice
  // that the client has disconnected.
  own_client,
  // Neither a connected stream socket nor a pipe.
  wrong_kind,
  // Too many descriptors wait for close(2).
  not_closable,
  // The caller has no right to save this name.
  denied,
};

// Why a lookup returns no connection.
enum class NotFound : std::uint8_t {
  no_connection,
  // The caller has no right to find this name.
  denied,
};

// Service executes requests on the cache and counts them. It never waits and does not use the
// clients' sockets. Not thread safe.
class Service final : public Keeper, public ProbeKeeper, private CacheObserver {
 public:
  // Dead connections that one lookup closes before it returns a miss. This bounds the cost of a
  // lookup, which usually finds none or one.
  static constexpr unsigned kMaxDeadInARow = 64;

  // Ids begin below 2^52, so that a JSON number can represent them.
  static constexpr unsigned kSpareIdBits = 12;

  struct Settings {
    CacheLimits limits;
    // The sockets that the server listens to.
    std::vector<ListeningAddress> listening{};
    // The start of the server.
    Instant since{};
    // The first connection gets the next id. It is random, so that the ids of two servers differ:
    // if each has saved a billion connections, they collide with a probability of 1 in 2 million.
    std::uint64_t last_connection_id = 0;
  };

  Service(const Settings& settings, Closer& closer, Log& log);
  // Closes all connections as expired.
  ~Service() override;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Selects how the connections of an endpoint are handed out; called at each save and lookup, and
  // when input arrives. The result is valid until the next call.
  void hand_out(HandOutOf of_endpoint);
  // Selects the goodbye of an endpoint, null for none; the default is none. It is valid until the
  // next call.
  using GoodbyeOf = std::function<const Goodbye*(std::string_view endpoint)>;
  void say_goodbye(GoodbyeOf of_endpoint) { goodbye_of_ = std::move(of_endpoint); }
  // Selects the probe of an endpoint, in the same way.
  using ProbeOf = std::function<const Probe*(std::string_view endpoint)>;
  void probe(ProbeOf of_endpoint) { probe_of_ = std::move(of_endpoint); }
  // Where connections say goodbye; null for nowhere.
  void use_farewells(Farewells* farewells) noexcept { farewells_ = farewells; }
  // Where connections are probed; null for nowhere.
  void use_prober(Prober* prober) noexcept { prober_ = prober; }
  // A goodbye has ended.
  void count_goodbye(Farewells::End how) noexcept;
  // Adds an observer of the cache; see Cache::observe().
  void observe(CacheObserver& observer) { cache_.observe(observer); }
  void stop_observing(CacheObserver& observer) noexcept { cache_.stop_observing(observer); }

  // Takes ownership of `fd`, also when it refuses the save.
  Saved save(const Caller& caller, const SaveEndpoint& request, Fd fd, Instant now);
  // An id for a new connection. save() assigns one to a connection without an id.
  std::uint64_t new_connection_id() noexcept { return ++last_connection_id_; }
  Saved save(const Caller& caller, const SaveDestination& request, Instant now);
  // Closes the connections that are over until it finds a live one. It counts a miss; commit()
  // counts a hit.
  std::expected<Claim, NotFound> find(const Caller& caller, const FindEndpoint& request,
                                      Instant now);
  std::expected<Cache::DestinationHit, NotFound> find(const Caller& caller,
                                                      const FindDestination& request, Instant now);

  // Whether the caller may do an action with a name. Logs and counts it if not.
  bool permits(const Caller& caller, Action action, std::string_view name, Instant now) {
    return caller.rights.allow(action, name) || deny(caller, action, name, now);
  }
  // The same, with any name: see walk().
  bool permits(const Caller& caller, Action action, Instant now) {
    return caller.rights.allow(action) || deny(caller, action, {}, now);
  }

  // Closes a descriptor from a client of `user` that is not saved.
  void close_unwanted(Fd fd, uid_t user) noexcept { closer_.close(std::move(fd), user); }
  // Whether so many descriptors wait for the closer that no drop or expiry should add more.
  bool is_closing() const noexcept { return closer_.is_behind(); }
  // For the watcher.
  bool may_remove() const noexcept override { return !is_closing(); }
  bool remove(const Position& place, Sign sign) noexcept override;

  // For the prober.
  const Probe* probe_for(std::string_view endpoint) const noexcept override {
    return probe_of_ ? probe_of_(endpoint) : nullptr;
  }
  std::optional<ConnectionRecord> connection_at(const Position& place) const noexcept override {
    return cache_.connection_at(place);
  }
  std::optional<Claim> claim(const Position& place) noexcept override {
    return cache_.claim_at(place);
  }
  std::size_t idle_connections(std::string_view endpoint) const noexcept override {
    return cache_.connections_of(endpoint);
  }
  void count_probe(Result result) noexcept override {
    ++(result == Result::passed ? totals_.probes_passed : totals_.probes_failed);
  }

  enum class Lookup : std::uint8_t { endpoint, destination };
  // The connection of the claim was sent: removes it from the cache and counts a hit.
  void commit(Claim& claim, Lookup lookup) noexcept;

  // See Cache::walk(). Visits the entries with whose names the caller may do an action.
  std::optional<Position> walk(const Caller& caller, Action action, Position from, std::size_t most,
                               const Cache::Visitor& visit);
  // Drops the connections that are being probed and match: neither walk() nor drop_connections()
  // reaches them. They get no goodbye, because an answer is owed.
  template <typename Matches>
  std::size_t drop_probed(const Matches& matches) noexcept {
    return prober_ != nullptr ? prober_->cancel(matches) : 0;
  }
  std::size_t drop_connections(std::string_view endpoint, std::uint64_t last, std::size_t most) {
    return cache_.drop_connections(endpoint, last, most);
  }
  std::size_t drop_bindings(std::string_view destination) {
    return cache_.drop_bindings(destination);
  }
  // The position of the entry saved last. drop() removes the entry at a position, if it exists.
  const Position& last_place() const noexcept { return cache_.last_place(); }
  void drop(const Position& place) noexcept { cache_.drop(place); }
  // The same for a connection that its client may still use.
  void withdraw(const Position& place) noexcept {
    if (cache_.drop(place, Departure::withdrawn)) return;
    drop_probed([&](const ConnectionRecord& connection) { return connection.place == place; });
  }

  // See Cache::expire().
  Instant next_deadline() const noexcept { return cache_.next_deadline(); }
  std::size_t expire(Instant now, std::size_t most) noexcept { return cache_.expire(now, most); }
  // How many connections may leave now so that each has a place to say goodbye.
  std::size_t room_for_goodbyes() const noexcept;
  // Whether connections may say goodbye; whether one does at present.
  bool says_goodbye() const noexcept { return goodbye_of_ && farewells_ != nullptr; }
  bool is_saying_goodbye() const noexcept {
    return farewells_ != nullptr && farewells_->count() > 0;
  }
  void end_goodbyes() noexcept {
    if (farewells_ != nullptr) farewells_->end_all();
  }

  const Cache& cache() const noexcept { return cache_; }
  // See Cache::work().
  std::uint64_t work() const noexcept { return cache_.work(); }
  const Totals& totals() const noexcept { return totals_; }
  Snapshot snapshot(Instant now) const noexcept;
  // The maxima since the last call, or since the start.
  Maxima take_maxima() noexcept { return std::exchange(maxima_, {}); }

 private:
  // Returns false.
  bool deny(const Caller& caller, Action action, std::string_view name, Instant now);
  std::optional<Saved> refusal(const DescriptorFacts& facts) const noexcept;
  // Whether the connection is over, or has input that is not allowed. A pipe never is: a reader may
  // want the bytes that are left in it after the writer has closed its end.
  bool is_dead(const Claim& claim) const noexcept;
  bool allows_input(std::string_view endpoint, const Provenance& provenance) const noexcept {
    return provenance.allow_input || (hand_out_of_ && hand_out_of_(endpoint).allow_input);
  }
  // The history of a connection that is saved: as far as the server knows it by the cookie,
  // otherwise as the client says.
  Provenance provenance_of(const Caller& caller, const SaveEndpoint& request,
                           const DescriptorFacts& facts, int descriptor, std::uint64_t cookie,
                           Instant now) noexcept;
  // Whether the connections of an endpoint have a maximum age or number of uses.
  bool limits_life(std::string_view endpoint) const noexcept;
  // The deadline of a connection: `deadline`, or the end of its life if that is earlier; `now` if
  // that has come.
  Instant within_life(std::string_view endpoint, const Provenance& provenance, Instant deadline,
                      Instant now) const noexcept;
  void retire(Fd fd, const SaveEndpoint& request, const Provenance& provenance) noexcept;
  void connection_left(const ConnectionRecord& connection, Departure why) noexcept override;
  void binding_left(const BindingRecord& binding, Departure why) noexcept override;

  void dispose(Fd fd, const ConnectionRecord& connection, Departure why) noexcept;
  // Returns whether `fd` was taken.
  bool begin_goodbye(Fd& fd, const ConnectionRecord& connection) noexcept;

  void count_departure(Departure why) noexcept;
  void count_saved() noexcept;

  Settings settings_;
  Closer& closer_;
  Log& log_;
  Totals totals_;
  Maxima maxima_;
  HandOutOf hand_out_of_;
  GoodbyeOf goodbye_of_;
  ProbeOf probe_of_;
  Farewells* farewells_ = nullptr;
  Prober* prober_ = nullptr;
  std::uint64_t last_connection_id_;
  Histories histories_;
  ChangeLog change_log_;
  Cache cache_;
};

}  // namespace scache::server
