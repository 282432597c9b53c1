#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "cache/claim.hpp"
#include "cache/flag_pool.hpp"
#include "cache/hooks.hpp"
#include "cache/names.hpp"
#include "cache/nodes.hpp"
#include "cache/observer.hpp"
#include "cache/position.hpp"
#include "cache/provenance.hpp"
#include "cache/sharded_set.hpp"

namespace scache::cache {

struct CacheLimits {
  // Connections, those that are claimed included.
  std::size_t connections = 16'384;
  // Bindings of one destination: far more than a destination has hosts; the oldest leaves.
  std::size_t bindings_of_destination = 1'024;
  // Memory of connections and of bindings, in bytes, each with the names of their endpoints:
  // neither takes the other's room. 64 MiB is 3 KiB for each of 20,000 connections, ten times what
  // Postfix keeps of one; 256 MiB is a million bindings.
  std::size_t connection_bytes = std::size_t{64} << 20;
  std::size_t binding_bytes = std::size_t{256} << 20;
  // Due connections that one find ends on its way, before it only passes over them.
  std::size_t due_of_find = 128;
};

enum class SaveOutcome : std::uint8_t {
  saved,
  renewed,
  // A limit is reached: nothing has changed.
  full,
};

// Cache keeps idle connections under endpoint names and bindings of destinations to endpoints.
//
// Find takes the oldest connection of the endpoint, or the newest where that is wanted; for a
// destination, that of the first binding whose endpoint has one. Nothing whose deadline is `now` or
// earlier is found. Saving a binding that exists (same destination, endpoint, properties) renews
// its deadline and keeps its place.
//
// Every operation costs the same whatever the cache holds, save a logarithm for the deadline and
// for the place of a connection that comes back, and, for find_destination, a walk over the
// destination's bindings that reads one byte for each.
//
// Pure: it knows no clock and no socket; `now` is a parameter. Not thread safe. Saves throw
// std::bad_alloc, and then nothing has changed.
class Cache {
 public:
  Cache(const CacheLimits& limits, CacheObserver& observer);
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  // Takes `fd` if and only if it answers saved.
  SaveOutcome save_connection(std::string_view endpoint, std::string_view properties,
                              Instant deadline, Fd& fd, const Provenance& provenance = {});
  SaveOutcome save_binding(std::string_view destination, std::string_view properties,
                           std::string_view endpoint, Instant deadline);

  struct DestinationHit {
    Claim claim;
    // Valid until the next change of the cache.
    std::string_view properties;
  };
  std::optional<Claim> find_endpoint(std::string_view endpoint, Instant now);
  std::optional<DestinationHit> find_destination(std::string_view destination, Instant now);
  // Of which endpoints the newest connection is found first; without a function, of none.
  using NewestFirst = std::function<bool(std::string_view endpoint)>;
  void find_newest_first(NewestFirst of_endpoint) { newest_first_ = std::move(of_endpoint); }

  // No deadline in the cache is earlier; kNever where there is none. Of a binding that was renewed
  // it may be the one before: expire() then finds nothing to remove.
  Instant next_deadline() const noexcept;
  // Removes what is due at `now`; looks at `most` entries at the most. Returns how many left.
  std::size_t expire(Instant now, std::size_t most) noexcept;

  // An entry as walk() tells it. Texts are valid during the call.
  struct Entry {
    enum class Kind : std::uint8_t { connection, binding };
    Kind kind;
    // A binding's; empty for a connection.
    std::string_view destination;
    std::string_view endpoint;
    // Endpoint properties of a connection, destination properties of a binding.
    std::string_view properties;
    Instant deadline;
    std::uint64_t sequence;
    // A connection's; there is none for a binding.
    const Provenance* provenance;
  };
  enum class Verdict : std::uint8_t { keep, drop, stop };
  using Visitor = std::function<Verdict(const Entry&)>;
  static constexpr Position kBeginning{Instant::min(), 0};
  // Shows entries in the order of their deadlines, beginning at a place, `most` at the most. What
  // gets the verdict drop leaves; at stop the walk ends before that entry. Answers the place where
  // to go on, if there may be more. Whatever changes between two walks, what stays is shown once;
  // save a binding that is renewed, which may be shown twice. Claimed connections are not shown.
  // The visitor must not change the cache.
  std::optional<Position> walk(Position from, std::size_t most, const Visitor& visit);

  // Drops connections of an endpoint, the oldest first, `most` at the most, none that was saved
  // after the entry of the sequence `last`. Answers how many.
  std::size_t drop_connections(std::string_view endpoint, std::uint64_t last, std::size_t most);
  // Drops the bindings of a destination. Answers how many.
  std::size_t drop_bindings(std::string_view destination);
  // Drops the entry at a place, if that is still there. Answers whether it was.
  bool drop(const Position& place) noexcept;
  // Grows with every entry that is saved: that of the latest.
  std::uint64_t last_sequence() const noexcept { return sequence_; }
  // Where the entry stands that was filed last: a new one, or one that came back.
  const Position& last_place() const noexcept { return last_place_; }

  // Connections that can be found, and those that are claimed too.
  std::size_t connections() const noexcept { return held_ - claimed_; }
  std::size_t held() const noexcept { return held_; }
  // Endpoints that have a connection; an endpoint that only bindings name is none.
  std::size_t endpoints() const noexcept { return endpoints_with_connections_; }
  std::size_t destinations() const noexcept { return destinations_.size(); }
  std::size_t bindings() const noexcept { return bindings_.size(); }
  std::size_t connection_bytes() const noexcept { return connection_bytes_; }
  std::size_t binding_bytes() const noexcept { return binding_bytes_; }
  std::size_t bytes() const noexcept { return connection_bytes_ + binding_bytes_; }
  // What has been done so far, in units of about 100 nanoseconds: that much takes a node that is
  // touched, or 128 bytes that are hashed and copied.
  std::uint64_t work() const noexcept { return work_; }

 private:
  friend class Claim;

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
  // A binding as renewal looks it up.
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

  HashedName hashed(std::string_view name) const noexcept { return {name, hash_(name)}; }
  std::uint64_t binding_hash(const HashedName& destination, const HashedName& endpoint,
                             std::string_view properties) const noexcept;

  Endpoint& get_endpoint(const HashedName& name);
  Destination& get_destination(const HashedName& name);
  // Counts an endpoint in the budgets of those who use it; one that nobody uses goes.
  void settle(Endpoint& endpoint) noexcept;
  void drop_if_unused(Destination& destination) noexcept;

  void index(Timed& entry) noexcept;
  void index_anew(Binding& binding) noexcept;
  void link(Connection& connection) noexcept;
  void unlink(Connection& connection) noexcept;
  Claim claim(Connection& connection) noexcept;
  Connection* next_of(Endpoint& endpoint, Instant now, std::size_t& most_due);
  template <typename Iterator>
  Connection* first_live(Iterator place, Iterator end, Instant now, std::size_t& most_due) noexcept;
  // Ends a connection that is in no order, or a binding that is in all of them.
  void leave(Connection& connection, Departure why) noexcept;
  void leave(Binding& binding, Departure why) noexcept;
  void put_back(Connection& connection) noexcept;

  CacheLimits limits_;
  CacheObserver& observer_;
  NewestFirst newest_first_;
  NameHash hash_;
  ShardedSet<Endpoint, HashOf, SameName> endpoints_;
  ShardedSet<Destination, HashOf, SameName> destinations_;
  ShardedSet<Binding, BindingHashOf, SameBinding> bindings_;
  Deadlines deadlines_;
  FlagPool has_connection_;
  std::uint64_t sequence_ = 0;
  Position last_place_{};
  std::size_t held_ = 0;
  std::size_t claimed_ = 0;
  std::size_t endpoints_with_connections_ = 0;
  std::size_t connection_bytes_ = 0;
  std::size_t binding_bytes_ = 0;
  std::uint64_t work_ = 0;
};

}  // namespace scache::cache
