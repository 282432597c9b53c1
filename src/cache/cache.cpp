// SPDX-License-Identifier: Apache-2.0
#include "cache/cache.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/check.hpp"

// Performance.
//
// A save or a lookup hashes each name once and accesses only the nodes involved. One ordered index
// has the deadlines of connections and bindings. New entries nearly always have the latest deadline
// and are appended without a search. A renewed binding keeps its place in the index until that
// place is due, because renewals are far more frequent than expiry.
//
// A lookup by destination must skip bindings whose endpoint has no connection. An endpoint gains or
// loses its last connection with nearly every save and lookup, and may serve 100,000 destinations,
// so that change must not touch its bindings. Instead each endpoint has a flag in a FlagPool, and a
// destination has an array of pointers to the flags of its bindings. Skipping a binding reads two
// cached memory locations, which takes some nanoseconds for each of at most 1,024 bindings.
//
// A returned connection goes to its place in the order of its endpoint. The order is a tree: a
// search is logarithmic, and access to either end is constant.
//
// Unused memory is released. Tables (ShardedSet) and flags (FlagPool) are split, so that growing
// and shrinking proceeds in small steps.
//
// Invariants, between any two calls:
// - an endpoint is in endpoints_ if and only if it has a connection, a claim or a binding;
// - a destination is in destinations_ if and only if it has a binding;
// - an endpoint's flag is set if and only if endpoint.connections is not empty;
// - an endpoint is counted in connection_bytes_ if and only if it has a connection or a claim, and
//   in binding_bytes_ if and only if it has a binding;
// - a connection is either in its endpoint's order, in deadlines_ and in the order of use of its
//   holder, or claimed and in none.

namespace scache::cache {
namespace {

// Costs in the units of work().
constexpr std::uint64_t kWorkOfRenewal = 4;
constexpr std::uint64_t kWorkOfFind = 2;
// Bindings that a lookup skips for one unit, and bytes for one unit.
constexpr std::size_t kRefsOfWork = 16;
constexpr std::size_t kBytesOfWork = 128;
constexpr std::uint64_t work_of(std::string_view text) noexcept {
  return text.size() / kBytesOfWork;
}

// Combines two keyed hashes.
std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
  return (a ^ (b << 1 | b >> 63)) * 0x9e3779b97f4a7c15;
}

// Prefetches a node with its text of `size` bytes.
template <typename Node>
void prefetch(const Node* node, std::size_t size) noexcept {
  constexpr std::size_t kLine = 64;
  const auto* const bytes = reinterpret_cast<const char*>(node);
  for (std::size_t at = 0; at < sizeof(Node) + std::min(size, kLine * 2); at += kLine) {
    __builtin_prefetch(bytes + at);
  }
}

}  // namespace

bool Cache::SameBinding::operator()(const Binding* a, const BindingKey& b) const noexcept {
  if (a->hash != b.hash) return false;
  // Equal hashes nearly always mean the same binding. Prefetch the names, which are rarely in the
  // processor's cache, while the properties are compared.
  prefetch(a->destination, b.destination.size());
  prefetch(a->endpoint, b.endpoint.size());
  return a->text() == b.properties && a->destination->text() == b.destination &&
         a->endpoint->text() == b.endpoint;
}

Cache::Cache(const CacheLimits& limits, Dispose dispose)
    : limits_{limits}, dispose_{std::move(dispose)} {}

Cache::~Cache() {
  check(claimed() == 0, "a claim outlives its cache");
  connection_holders_.clear();
  binding_holders_.clear();
  // The orders must not refer to destroyed connections.
  endpoints_.each([](Endpoint& endpoint) { endpoint.connections.clear(); });
  deadlines_.clear_and_dispose([](Timed* entry) {
    if (entry->kind == Timed::Kind::connection) {
      Connection::Destroy{}(static_cast<Connection*>(entry));
    } else {
      Binding::Destroy{}(static_cast<Binding*>(entry));
    }
  });
  endpoints_.each([this](Endpoint& endpoint) {
    has_connection_.give(endpoint.has_connection);
    Endpoint::Destroy{}(&endpoint);
  });
  destinations_.each([](Destination& destination) { Destination::Destroy{}(&destination); });
}

SaveOutcome Cache::save_connection(std::string_view endpoint_name, std::string_view properties,
                                   Instant deadline, Fd& fd, const Provenance& provenance) {
  work_ += kWorkOfEntry + work_of(endpoint_name) + work_of(properties);
  const std::size_t size =
      Connection::bytes_with(properties.size()) + Endpoint::bytes_with(endpoint_name.size());
  if (!can_hold(connection_holders_, provenance.owner, size,
                {limits_.connections, limits_.connection_bytes},
                {limits_.connections_of_user, limits_.connection_bytes_of_user})) {
    return SaveOutcome::full;
  }

  // Operations that may throw come first.
  auto node = Connection::create(properties, deadline, provenance);
  Endpoint& endpoint = get_endpoint(hashed(endpoint_name));
  if (endpoint.claims >= limits_.connections_of_endpoint) {
    settle(endpoint);
    return SaveOutcome::full;
  }
  Holder* holder = nullptr;
  try {
    holder = &connection_holders_.get(provenance.owner);
  } catch (...) {
    settle(endpoint);
    throw;
  }

  Connection& connection = *node.release();
  connection.fd = std::move(fd);
  connection.endpoint = &endpoint;
  connection.sequence = ++sequence_;
  connection_bytes_ += connection.bytes();
  ++held_;
  ++endpoint.held;
  link(connection);
  index(connection);
  settle(endpoint);
  connection_holders_.count(*holder, connection, size);
  notify([&](CacheObserver& observer) { observer.connection_saved(connection.record()); });
  make_room_for(connection);
  connection_holders_.add(connection);
  return SaveOutcome::saved;
}

SaveOutcome Cache::save_binding(std::string_view destination_name, std::string_view properties,
                                std::string_view endpoint_name, Instant deadline, Instant now,
                                std::uint32_t owner) {
  work_ += work_of(destination_name) + work_of(properties) + work_of(endpoint_name);
  const HashedName destination_key = hashed(destination_name);
  const HashedName endpoint_key = hashed(endpoint_name);
  const std::uint64_t hash = binding_hash(destination_key, endpoint_key, properties);

  // Memory access is most of the cost of a renewal: it accesses only the binding and its key.
  const BindingKey key{destination_name, properties, endpoint_name, hash};
  if (Binding* const known = bindings_.find(key)) {
    work_ += kWorkOfRenewal;
    Binding& binding = *known;
    binding.until = deadline;
    binding.used_again = true;
    if (deadline < binding.place.deadline) index_anew(binding);
    // Not binding.record(): its names are rarely in the processor's cache.
    const BindingRecord record{.destination = destination_name,
                               .properties = properties,
                               .endpoint = endpoint_name,
                               .deadline = deadline,
                               .sequence = binding.sequence,
                               .owner = binding.holder->owner()};
    notify([&](CacheObserver& observer) { observer.binding_renewed(record); });
    return SaveOutcome::renewed;
  }

  work_ += kWorkOfEntry;
  const std::size_t size = Binding::bytes_with(properties.size()) +
                           Endpoint::bytes_with(endpoint_name.size()) +
                           Destination::bytes_with(destination_name.size());
  if (!can_hold(binding_holders_, owner, size, {limits_.bindings, limits_.binding_bytes},
                {limits_.bindings_of_user, limits_.binding_bytes_of_user}) ||
      replaces_too_fast(owner, size, now)) {
    return SaveOutcome::full;
  }

  // Operations that may throw come first. The handler removes what they have created.
  auto node = Binding::create(properties, deadline);
  Endpoint& endpoint = get_endpoint(endpoint_key);
  ++endpoint.bindings;
  Destination* destination = nullptr;
  Holder* holder = nullptr;
  try {
    holder = &binding_holders_.get(owner);
    destination = &get_destination(destination_key);
    // reserve() allocates the exact size: double it, so that reallocation is rare.
    auto& refs = destination->bindings;
    if (refs.size() == refs.capacity()) refs.reserve(2 * refs.size());
    node->hash = hash;
    node->destination = destination;
    node->endpoint = &endpoint;
    bindings_.insert(node.get());
  } catch (...) {
    --endpoint.bindings;
    settle(endpoint);
    if (destination != nullptr) drop_if_unused(*destination);
    if (holder != nullptr) binding_holders_.drop_if_unused(*holder);
    throw;
  }

  Binding& binding = *node.release();
  binding.sequence = ++sequence_;
  binding_bytes_ += binding.bytes();
  settle(endpoint);
  index(binding);
  destination->bindings.push_back({&binding, endpoint.has_connection.value});
  binding_holders_.count(*holder, binding, size);
  notify([&](CacheObserver& observer) { observer.binding_saved(binding.record()); });
  make_room_for(binding, now);
  binding_holders_.add(binding);
  return SaveOutcome::saved;
}

std::optional<Claim> Cache::find_endpoint(std::string_view name, Instant now) {
  work_ += kWorkOfFind + work_of(name);
  Endpoint* const endpoint = endpoints_.find(hashed(name));
  if (endpoint == nullptr) return std::nullopt;
  std::size_t most_due = limits_.due_of_find;
  if (Connection* connection = next_of(*endpoint, now, most_due)) return claim(*connection);
  settle(*endpoint);
  return std::nullopt;
}

std::optional<Cache::DestinationHit> Cache::find_destination(std::string_view name, Instant now) {
  work_ += kWorkOfFind + work_of(name);
  Destination* const destination = destinations_.find(hashed(name));
  if (destination == nullptr) return std::nullopt;
  work_ += destination->bindings.size() / kRefsOfWork;
  std::size_t most_due = limits_.due_of_find;
  for (const BindingRef& ref : destination->bindings) {
    visited();
    if (*ref.has_connection == 0) continue;
    Binding& binding = *ref.binding;
    ++work_;
    if (binding.until <= now) continue;
    if (Connection* connection = next_of(*binding.endpoint, now, most_due)) {
      binding.used_again = true;
      return DestinationHit{claim(*connection), binding.text()};
    }
    settle(*binding.endpoint);
  }
  return std::nullopt;
}

std::uint64_t Cache::binding_hash(const HashedName& destination, const HashedName& endpoint,
                                  std::string_view properties) const noexcept {
  return mixed(mixed(destination.hash, endpoint.hash), hash_(properties));
}

Endpoint& Cache::get_endpoint(const HashedName& name) {
  if (Endpoint* const found = endpoints_.find(name)) return *found;
  auto owner = Endpoint::create(name.text, name.hash);
  endpoints_.insert(owner.get());
  try {
    owner->has_connection = has_connection_.take();
  } catch (...) {
    endpoints_.erase(owner.get());
    throw;
  }
  return *owner.release();
}

Destination& Cache::get_destination(const HashedName& name) {
  if (Destination* const found = destinations_.find(name)) return *found;
  auto owner = Destination::create(name.text, name.hash);
  destinations_.insert(owner.get());
  binding_bytes_ += owner->bytes();
  return *owner.release();
}

void Cache::settle(Endpoint& endpoint) noexcept {
  const auto count = [&](bool& is_counted, bool is_used, std::size_t& bytes) {
    if (is_counted == is_used) return;
    is_counted = is_used;
    bytes += is_used ? endpoint.bytes() : -endpoint.bytes();
  };
  const bool has_bindings = endpoint.bindings > 0;
  const bool has_connections = !endpoint.connections.empty() || endpoint.claims > 0;
  count(endpoint.is_of_bindings, has_bindings, binding_bytes_);
  count(endpoint.is_of_connections, has_connections, connection_bytes_);
  if (has_bindings || has_connections) return;
  endpoints_.erase(&endpoint);
  has_connection_.give(endpoint.has_connection);
  Endpoint::Destroy{}(&endpoint);
}

void Cache::drop_if_unused(Destination& destination) noexcept {
  if (!destination.bindings.empty()) return;
  destinations_.erase(&destination);
  binding_bytes_ -= destination.bytes();
  Destination::Destroy{}(&destination);
}

void Cache::index(Timed& entry) noexcept {
  entry.place.filing = last_place_.filing + 1;
  last_place_ = entry.place;
  deadlines_.insert(deadlines_.end(), entry);
}

void Cache::index_anew(Binding& binding) noexcept {
  deadlines_.erase(deadlines_.iterator_to(binding));
  binding.place.deadline = binding.until;
  index(binding);
}

void Cache::link(Connection& connection) noexcept {
  Endpoint& endpoint = *connection.endpoint;
  if (endpoint.connections.empty()) {
    ++endpoints_with_connections_;
    *endpoint.has_connection.value = 1;
  }
  // A new connection is the last. The place of a returned one is found by a search.
  endpoint.connections.insert(endpoint.connections.end(), connection);
}

void Cache::unlink(Connection& connection) noexcept {
  Endpoint& endpoint = *connection.endpoint;
  endpoint.connections.erase(endpoint.connections.iterator_to(connection));
  deadlines_.erase(deadlines_.iterator_to(connection));
  if (endpoint.connections.empty()) {
    --endpoints_with_connections_;
    *endpoint.has_connection.value = 0;
  }
}

Claim Cache::claim(Connection& connection) noexcept {
  unlink(connection);
  connection_holders_.claim(connection, connection.bytes_of_user());
  ++connection.endpoint->claims;
  notify([&](CacheObserver& observer) { observer.connection_claimed(connection.record()); });
  return Claim{*this, connection};
}

// The connection of the endpoint to hand out next. The endpoint continues to exist, even without
// connections, because the caller uses it.
Connection* Cache::next_of(Endpoint& endpoint, Instant now, std::size_t& most_due) {
  auto& connections = endpoint.connections;
  const bool newest = newest_first_ && newest_first_(endpoint.text());
  ++endpoint.claims;
  Connection* const next = newest
                               ? first_live(connections.rbegin(), connections.rend(), now, most_due)
                               : first_live(connections.begin(), connections.end(), now, most_due);
  --endpoint.claims;
  return next;
}

// The first connection that has not expired. Removes at most `most_due` expired connections before
// it: closing thousands at once would delay all clients.
template <typename Iterator>
Connection* Cache::first_live(Iterator place, Iterator end, Instant now,
                              std::size_t& most_due) noexcept {
  Connection* due = nullptr;
  for (;;) {
    // Remove an entry one step later: a reverse iterator refers to the entry that it has passed.
    const bool over = place == end;
    Connection* const current = over ? nullptr : &*place;
    if (!over) ++place;
    visited();
    ++work_;
    if (due != nullptr && most_due > 0) {
      --most_due;
      unlink(*due);
      leave(*due, Departure::expired);
    }
    if (over || current->place.deadline > now) return current;
    due = current;
  }
}

void Cache::put_back(Connection& connection) noexcept {
  connection_holders_.put_back(connection, connection.bytes_of_user());
  --connection.endpoint->claims;
  link(connection);
  // A returned connection keeps its position, by which UnconfirmedSaves may still drop it.
  deadlines_.insert(connection);
  notify([&](CacheObserver& observer) { observer.connection_returned(connection.record()); });
}

}  // namespace scache::cache
