// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "cache/claim.hpp"
#include "cache/flag_pool.hpp"
#include "cache/holder.hpp"
#include "cache/hooks.hpp"
#include "cache/names.hpp"
#include "cache/nodes.hpp"
#include "cache/observer.hpp"
#include "cache/position.hpp"
#include "cache/provenance.hpp"
#include "cache/record.hpp"
#include "cache/sharded_set.hpp"

namespace scache::cache {

struct CacheLimits {
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  // Connections, including claimed ones: all; those of one endpoint; those of one user. A user has
  // no limit of its own: it may use what others do not use.
  std::size_t connections = 16'384;
  std::size_t connections_of_endpoint = kNone;
  std::size_t connections_of_user = kNone;
  // Bindings: all, which memory limits; those of one destination, far more than a destination has
  // hosts; those of one user.
  std::size_t bindings = kNone;
  std::size_t bindings_of_destination = 1'024;
  std::size_t bindings_of_user = kNone;
  // Memory of connections and of bindings in bytes, each with the names of their endpoints. Each
  // has its own budget. With names and properties as Postfix has them, 64 MiB are enough for
  // 130,000 connections and 256 MiB for 430,000 bindings (docs/benchmarks.md, Memory).
  std::size_t connection_bytes = std::size_t{64} << 20;
  std::size_t binding_bytes = std::size_t{256} << 20;
  std::size_t connection_bytes_of_user = kNone;
  std::size_t binding_bytes_of_user = kNone;
  // Expired connections that one lookup removes; it skips further ones.
  std::size_t due_of_find = 128;
};

enum class SaveOutcome : std::uint8_t {
  saved,
  renewed,
  // Even evictions make no room, because of its size or of claims, or its user replaces bindings
  // too fast; the cache is unchanged.
  full,
};

// Cache keeps idle connections under endpoint names and bindings of destinations to endpoints.
//
// A lookup by endpoint takes its oldest connection, or its newest if configured. A lookup by
// destination takes a connection of the first binding whose endpoint has one. Lookups skip entries
// whose deadline is `now` or earlier. A save of an existing binding (same destination, endpoint and
// properties) renews its deadline and keeps its place.
//
// At a limit a save evicts entries: of an endpoint or a destination the oldest; of a user with a
// limit of its own, and of the user that Holders::giver() chooses if the cache is full, those that
// were not used for longest. Claimed connections stay. A connection is used when it is saved or
// returned, a binding when it is saved, renewed or found.
//
// The cost of an operation does not depend on the size of the cache, except for a logarithm for the
// deadline and for the place of a returned connection. find_destination also reads one byte for
// each binding of the destination.
//
// The cache uses no clock and no sockets. It is not thread safe. Saves may throw std::bad_alloc,
// which leaves the cache unchanged.
class Cache {
 public:
  // Receives the descriptor of each connection that leaves, after the observers have been called,
  // with its record and the reason. Must not call the cache and must not throw. Without one, the
  // cache closes the descriptors.
  using Dispose = std::function<void(Fd fd, const ConnectionRecord& connection, Departure why)>;

  explicit Cache(const CacheLimits& limits, Dispose dispose = {});
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  // Adds an observer, which must outlive the cache or stop observing. Throws std::bad_alloc.
  void observe(CacheObserver& observer) { observers_.push_back(&observer); }
  void stop_observing(CacheObserver& observer) noexcept { std::erase(observers_, &observer); }

  // Takes ownership of `fd` only if it returns `saved`.
  SaveOutcome save_connection(std::string_view endpoint, std::string_view properties,
                              Instant deadline, Fd& fd, const Provenance& provenance = {});
  SaveOutcome save_binding(std::string_view destination, std::string_view properties,
                           std::string_view endpoint, Instant deadline, Instant now,
                           std::uint32_t owner = 0);

  struct DestinationHit {
    Claim claim;
    // Valid until the next change of the cache.
    std::string_view properties;
  };
  std::optional<Claim> find_endpoint(std::string_view endpoint, Instant now);
  std::optional<DestinationHit> find_destination(std::string_view destination, Instant now);
  // Selects the endpoints whose newest connection is found first; the default is none.
  using NewestFirst = std::function<bool(std::string_view endpoint)>;
  void find_newest_first(NewestFirst of_endpoint) { newest_first_ = std::move(of_endpoint); }

  // The earliest deadline; kNever if the cache is empty. It may be the previous deadline of a
  // renewed binding: expire() then removes nothing.
  Instant next_deadline() const noexcept;
  // Removes expired entries; examines at most `most`. Returns the number removed.
  std::size_t expire(Instant now, std::size_t most) noexcept;

  using Entry = cache::Entry;
  enum class Verdict : std::uint8_t { keep, drop, stop };
  using Visitor = std::function<Verdict(const Entry&)>;
  static constexpr Position kBeginning{Instant::min(), 0};
  // Visits at most `most` entries in the order of their deadlines, beginning at a position. The
  // verdict `drop` removes the entry; `stop` ends the walk before it. Returns the position to
  // continue from, if there may be more entries. Successive walks visit each entry that stays in
  // the cache once, but may visit a renewed binding twice. Claimed connections are not visited. The
  // visitor must not change the cache.
  std::optional<Position> walk(Position from, std::size_t most, const Visitor& visit);

  // Drops at most `most` connections of an endpoint, the oldest first, up to the sequence `last`.
  // Returns the number dropped.
  std::size_t drop_connections(std::string_view endpoint, std::uint64_t last, std::size_t most);
  // Drops the bindings of a destination. Returns the number dropped.
  std::size_t drop_bindings(std::string_view destination);
  // Drops the entry at a position. Returns false if it no longer exists.
  bool drop(const Position& place, Departure why = Departure::dropped) noexcept;
  // The connections of an endpoint that are not claimed.
  std::size_t connections_of(std::string_view endpoint) const noexcept;
  // The connection at a position; none if it is claimed or no longer exists. Valid until the next
  // change of the cache.
  std::optional<ConnectionRecord> connection_at(const Position& place) const noexcept;
  // Claims the connection at a position, as a lookup does, whether or not it has expired.
  std::optional<Claim> claim_at(const Position& place) noexcept;
  // Removes the dead connection at a position. Returns false if there is none.
  bool discard(const Position& place) noexcept;
  // The sequence of the latest saved entry. Each new entry gets the next number.
  std::uint64_t last_sequence() const noexcept { return sequence_; }
  // The position of the last indexed entry: a new or renewed one. A connection keeps its position.
  const Position& last_place() const noexcept { return last_place_; }

  // Connections without claimed ones, and with them.
  std::size_t connections() const noexcept { return held_ - claimed(); }
  std::size_t held() const noexcept { return held_; }
  // Endpoints with a connection. Endpoints that only have bindings do not count.
  std::size_t endpoints() const noexcept { return endpoints_with_connections_; }
  std::size_t destinations() const noexcept { return destinations_.size(); }
  std::size_t bindings() const noexcept { return bindings_.size(); }
  std::size_t connection_bytes() const noexcept { return connection_bytes_; }
  std::size_t binding_bytes() const noexcept { return binding_bytes_; }
  std::size_t bytes() const noexcept { return connection_bytes_ + binding_bytes_; }
  // The work done so far, in units of about 100 nanoseconds: one unit is the access to a node, or
  // hashing and copying 128 bytes.
  std::uint64_t work() const noexcept { return work_; }

 private:
  friend class Claim;

  // The work() of adding or removing an entry.
  static constexpr std::uint64_t kWorkOfEntry = 8;

  struct HashOf {
    using is_transparent = void;
    using is_avalanching = void;
    std::uint64_t operator()(const HashedName& name) const noexcept { return name.hash; }
    template <typename Node>
    std::uint64_t operator()(const Node* node) const noexcept {
      return node->hash;
    }
  };
  struct SameName {
    using is_transparent = void;
    template <typename Node>
    bool operator()(const Node* a, const Node* b) const noexcept {
      return a == b;
    }
    template <typename Node>
    bool operator()(const Node* a, const HashedName& b) const noexcept {
      visited();
      return a->hash == b.hash && a->text() == b.text;
    }
    template <typename Node>
    bool operator()(const HashedName& a, const Node* b) const noexcept {
      return (*this)(b, a);
    }
  };
  // The key for the lookup of a binding to renew.
  struct BindingKey {
    std::string_view destination;
    std::string_view properties;
    std::string_view endpoint;
    std::uint64_t hash;
  };
  struct BindingHashOf {
    using is_transparent = void;
    using is_avalanching = void;
    std::uint64_t operator()(const BindingKey& key) const noexcept { return key.hash; }
    std::uint64_t operator()(const Binding* node) const noexcept { return node->hash; }
  };
  struct SameBinding {
    using is_transparent = void;
    bool operator()(const Binding* a, const Binding* b) const noexcept { return a == b; }
    bool operator()(const Binding* a, const BindingKey& b) const noexcept;
    bool operator()(const BindingKey& a, const Binding* b) const noexcept { return (*this)(b, a); }
  };

  std::size_t claimed() const noexcept { return connection_holders_.claimed().entries; }
  HashedName hashed(std::string_view name) const noexcept { return {name, hash_(name)}; }
  std::uint64_t binding_hash(const HashedName& destination, const HashedName& endpoint,
                             std::string_view properties) const noexcept;

  Endpoint& get_endpoint(const HashedName& name);
  Destination& get_destination(const HashedName& name);
  // Updates the budgets in which an endpoint is counted. Destroys an unused endpoint.
  void settle(Endpoint& endpoint) noexcept;
  void drop_if_unused(Destination& destination) noexcept;

  template <typename Event>
  void notify(const Event& event) const noexcept {
    for (CacheObserver* const observer : observers_) event(*observer);
  }

  void index(Timed& entry) noexcept;
  void index_anew(Binding& binding) noexcept;
  // Adds a connection to the order of its endpoint.
  void link(Connection& connection) noexcept;
  void unlink(Connection& connection) noexcept;
  Claim claim(Connection& connection) noexcept;
  Connection* next_of(Endpoint& endpoint, Instant now, std::size_t& most_due);
  template <typename Iterator>
  Connection* first_live(Iterator place, Iterator end, Instant now, std::size_t& most_due) noexcept;
  // Whether a user can save an entry of this size, if other entries are evicted.
  bool can_hold(Holders& holders, std::uint32_t owner, std::size_t size, const Amount& of_all,
                const Amount& of_user) const noexcept;
  // Evicts other entries until the limits hold. The holder has counted the new entry, and cannot
  // give it up.
  void make_room_for(Connection& saved) noexcept;
  void make_room_for(Binding& saved, Instant now) noexcept;
  // Whether a user has replaced too many bytes of its own bindings to save another one now.
  bool replaces_too_fast(std::uint32_t owner, std::size_t size, Instant now) noexcept;
  void evict_longest_unused(Holder& holder, Departure why) noexcept;
  // Removes an unlinked connection, or a binding.
  void leave(Connection& connection, Departure why) noexcept;
  void leave(Binding& binding, Departure why) noexcept;
  void put_back(Connection& connection) noexcept;

  CacheLimits limits_;
  Dispose dispose_;
  std::vector<CacheObserver*> observers_;
  NewestFirst newest_first_;
  NameHash hash_;
  ShardedSet<Endpoint, HashOf, SameName> endpoints_;
  ShardedSet<Destination, HashOf, SameName> destinations_;
  ShardedSet<Binding, BindingHashOf, SameBinding> bindings_;
  Deadlines deadlines_;
  Holders connection_holders_;
  Holders binding_holders_;
  FlagPool has_connection_;
  std::uint64_t sequence_ = 0;
  Position last_place_{};
  std::size_t held_ = 0;
  std::size_t endpoints_with_connections_ = 0;
  std::size_t connection_bytes_ = 0;
  std::size_t binding_bytes_ = 0;
  std::uint64_t work_ = 0;
};

}  // namespace scache::cache
