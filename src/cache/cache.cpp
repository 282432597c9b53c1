#include "cache/cache.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

// How it is kept fast.
//
// A save or a find hashes each name once and touches the nodes that it is about. Deadlines are one
// ordered index over connections and bindings; entries come with growing deadlines nearly always,
// and those are appended without a search. A renewed binding stays where it is until that place is
// due: renewals are far more frequent.
//
// A destination's lookup must pass over bindings whose endpoint has no connection. Endpoints fill
// and empty with every save and find, and one endpoint may serve 100,000 destinations, so nothing
// may be done to its bindings then. Instead every endpoint has a slot in a dense table of bytes,
// and a destination keeps the slots of its bindings side by side: passing over one reads two places
// that are in the processor's cache, some nanoseconds for each of at most 1,024 bindings.
//
// Invariants, between any two calls:
// - an endpoint is in endpoints_ if and only if it has a connection, a claim or a binding;
// - a destination is in destinations_ if and only if it has a binding;
// - has_connection_[endpoint.slot] is whether endpoint.connections has one;
// - a connection is either in its endpoint's list and in deadlines_, or claimed and in neither.

namespace scache {
namespace {

// Spreads two hashes over one; both are keyed already.
std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
  return (a ^ (b << 1 | b >> 63)) * 0x9e3779b97f4a7c15;
}

// Begins to fetch a node and a text behind it of `size` bytes.
template <typename Node>
void prefetch(const Node* node, std::size_t size) noexcept {
  constexpr std::size_t kLine = 64;
  const auto* const bytes = reinterpret_cast<const char*>(node);
  for (std::size_t at = 0; at < sizeof(Node) + std::min(size, kLine * 2); at += kLine) {
    __builtin_prefetch(bytes + at);
  }
}

}  // namespace

Claim::~Claim() {
  if (connection_ != nullptr) cache_->put_back(*connection_);
}

int Claim::descriptor() const noexcept {
  return connection_->fd.get();
}
std::string_view Claim::endpoint() const noexcept {
  return connection_->endpoint->text();
}
const Provenance& Claim::provenance() const noexcept {
  return connection_->provenance;
}
std::string_view Claim::properties() const noexcept {
  return connection_->text();
}

void Claim::commit() noexcept {
  leave(Departure::found);
}
void Claim::discard() noexcept {
  leave(Departure::dead);
}

void Claim::leave(Departure why) noexcept {
  Connection& connection = *std::exchange(connection_, nullptr);
  --cache_->claimed_;
  --connection.endpoint->claims;
  cache_->leave(connection, why);
}

bool Cache::SameBinding::operator()(const Binding* a, const BindingKey& b) const noexcept {
  if (a->hash != b.hash) return false;
  // Nearly always the one. Among many it is in no cache of the processor's: let it fetch the names
  // while it compares the properties.
  prefetch(a->destination, b.destination.size());
  prefetch(a->endpoint, b.endpoint.size());
  return a->text() == b.properties && a->destination->text() == b.destination &&
         a->endpoint->text() == b.endpoint;
}

Cache::Cache(const CacheLimits& limits, CacheObserver& observer)
    : limits_{limits}, observer_{observer} {}

Cache::~Cache() {
  check(claimed_ == 0, "a claim outlives its cache");
  // The lists first: they must not be left with connections that are gone.
  for (Endpoint* endpoint : endpoints_) endpoint->connections.clear();
  deadlines_.clear_and_dispose([](Timed* entry) {
    if (entry->kind == Timed::Kind::connection) {
      Connection::Destroy{}(static_cast<Connection*>(entry));
    } else {
      Binding::Destroy{}(static_cast<Binding*>(entry));
    }
  });
  for (Endpoint* endpoint : endpoints_) Endpoint::Destroy{}(endpoint);
  for (Destination* destination : destinations_) Destination::Destroy{}(destination);
}

SaveOutcome Cache::save_connection(std::string_view endpoint_name, std::string_view properties,
                                   Instant deadline, Fd& fd, const Provenance& provenance) {
  if (held_ >= limits_.connections) return SaveOutcome::full;
  const std::size_t most =
      sizeof(Connection) + properties.size() + sizeof(Endpoint) + endpoint_name.size();
  if (bytes_ + most > limits_.bytes) return SaveOutcome::full;

  auto owner = Connection::create(properties, deadline, provenance);
  Endpoint& endpoint = get_endpoint(hashed(endpoint_name));

  Connection& connection = *owner.release();
  connection.fd = std::move(fd);
  connection.endpoint = &endpoint;
  connection.sequence = ++sequence_;
  bytes_ += connection.bytes();
  ++held_;
  link(connection);
  observer_.connection_saved(endpoint.text(), connection.text(), connection.fd.get());
  return SaveOutcome::saved;
}

SaveOutcome Cache::save_binding(std::string_view destination_name, std::string_view properties,
                                std::string_view endpoint_name, Instant deadline) {
  const HashedName destination_key = hashed(destination_name);
  const HashedName endpoint_key = hashed(endpoint_name);
  const std::uint64_t hash = binding_hash(destination_key, endpoint_key, properties);

  // Renewal touches the binding and what it compares, nothing else: that is most of its cost.
  const auto known = bindings_.find(BindingKey{destination_name, properties, endpoint_name, hash});
  if (known != bindings_.end()) {
    Binding& binding = **known;
    binding.until = deadline;
    if (deadline < binding.place.deadline) index_anew(binding);
    observer_.binding_saved(destination_name, properties, endpoint_name, true);
    return SaveOutcome::renewed;
  }

  const std::size_t most = sizeof(Binding) + properties.size() + sizeof(Endpoint) +
                           endpoint_name.size() + sizeof(Destination) + destination_name.size();
  if (bytes_ + most > limits_.bytes) return SaveOutcome::full;

  // What may throw comes first; what it made and nobody uses goes again.
  auto owner = Binding::create(properties, deadline);
  Endpoint& endpoint = get_endpoint(endpoint_key);
  ++endpoint.bindings;
  Destination* destination = nullptr;
  try {
    destination = &get_destination(destination_key);
    // reserve() gives no more than it is asked for: ask for twice as much, so that growing is rare.
    auto& refs = destination->bindings;
    if (refs.size() == refs.capacity()) refs.reserve(2 * refs.size());
    owner->hash = hash;
    owner->destination = destination;
    owner->endpoint = &endpoint;
    bindings_.insert(owner.get());
  } catch (...) {
    --endpoint.bindings;
    drop_if_unused(endpoint);
    if (destination != nullptr) drop_if_unused(*destination);
    throw;
  }

  Binding& binding = *owner.release();
  binding.sequence = ++sequence_;
  bytes_ += binding.bytes();
  index(binding);
  destination->bindings.push_back({&binding, endpoint.slot});
  observer_.binding_saved(destination_name, properties, endpoint_name, false);
  if (destination->bindings.size() > limits_.bindings_of_destination) {
    leave(*destination->bindings.front().binding, Departure::evicted);
  }
  return SaveOutcome::saved;
}

std::optional<Claim> Cache::find_endpoint(std::string_view name, Instant now) {
  const auto found = endpoints_.find(hashed(name));
  if (found == endpoints_.end()) return std::nullopt;
  Endpoint& endpoint = **found;
  std::size_t most_due = limits_.due_of_find;
  if (Connection* connection = next_of(endpoint, now, most_due)) return claim(*connection);
  drop_if_unused(endpoint);
  return std::nullopt;
}

std::optional<Cache::DestinationHit> Cache::find_destination(std::string_view name, Instant now) {
  const auto found = destinations_.find(hashed(name));
  if (found == destinations_.end()) return std::nullopt;
  std::size_t most_due = limits_.due_of_find;
  for (const BindingRef& ref : (*found)->bindings) {
    if (has_connection_[ref.slot] == 0) continue;
    Binding& binding = *ref.binding;
    if (binding.until <= now) continue;
    if (Connection* connection = next_of(*binding.endpoint, now, most_due)) {
      return DestinationHit{claim(*connection), binding.text()};
    }
  }
  return std::nullopt;
}

Instant Cache::next_deadline() const noexcept {
  return deadlines_.empty() ? kNever : deadlines_.begin()->place.deadline;
}

std::size_t Cache::expire(Instant now, std::size_t most) noexcept {
  std::size_t left = 0;
  for (; most > 0 && !deadlines_.empty(); --most) {
    Timed& entry = *deadlines_.begin();
    if (entry.place.deadline > now) break;
    if (entry.kind == Timed::Kind::connection) {
      auto& connection = static_cast<Connection&>(entry);
      unlink(connection);
      leave(connection, Departure::expired);
      ++left;
      continue;
    }
    auto& binding = static_cast<Binding&>(entry);
    if (binding.until > binding.place.deadline) {
      index_anew(binding);
    } else {
      leave(binding, Departure::expired);
      ++left;
    }
  }
  return left;
}

std::uint64_t Cache::binding_hash(const HashedName& destination, const HashedName& endpoint,
                                  std::string_view properties) const noexcept {
  return mixed(mixed(destination.hash, endpoint.hash), hash_(properties));
}

Endpoint& Cache::get_endpoint(const HashedName& name) {
  if (const auto found = endpoints_.find(name); found != endpoints_.end()) return **found;
  auto owner = Endpoint::create(name.text, name.hash);
  if (free_slots_.empty()) {
    // Room for every slot to become free: giving one back must not fail.
    const std::size_t slots = has_connection_.size() + 1;
    if (free_slots_.capacity() < slots) free_slots_.reserve(2 * slots);
    has_connection_.push_back(0);
    free_slots_.push_back(static_cast<std::uint32_t>(has_connection_.size() - 1));
  }
  endpoints_.insert(owner.get());
  owner->slot = free_slots_.back();
  free_slots_.pop_back();
  bytes_ += owner->bytes();
  return *owner.release();
}

Destination& Cache::get_destination(const HashedName& name) {
  if (const auto found = destinations_.find(name); found != destinations_.end()) return **found;
  auto owner = Destination::create(name.text, name.hash);
  destinations_.insert(owner.get());
  bytes_ += owner->bytes();
  return *owner.release();
}

void Cache::drop_if_unused(Endpoint& endpoint) noexcept {
  if (!endpoint.connections.empty() || endpoint.bindings > 0 || endpoint.claims > 0) return;
  endpoints_.erase(&endpoint);
  free_slots_.push_back(endpoint.slot);
  bytes_ -= endpoint.bytes();
  Endpoint::Destroy{}(&endpoint);
}

void Cache::drop_if_unused(Destination& destination) noexcept {
  if (!destination.bindings.empty()) return;
  destinations_.erase(&destination);
  bytes_ -= destination.bytes();
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
    has_connection_[endpoint.slot] = 1;
  }
  // A connection that comes back belongs before those saved after it. Only others that came back
  // and some that are due can stand before it, so the way is short.
  auto place = endpoint.connections.end();
  if (!endpoint.connections.empty() && endpoint.connections.back().sequence > connection.sequence) {
    place =
        std::find_if(endpoint.connections.begin(), endpoint.connections.end(),
                     [&](const Connection& other) { return other.sequence > connection.sequence; });
  }
  endpoint.connections.insert(place, connection);
  index(connection);
}

void Cache::unlink(Connection& connection) noexcept {
  Endpoint& endpoint = *connection.endpoint;
  endpoint.connections.erase(endpoint.connections.iterator_to(connection));
  deadlines_.erase(deadlines_.iterator_to(connection));
  if (endpoint.connections.empty()) {
    --endpoints_with_connections_;
    has_connection_[endpoint.slot] = 0;
  }
}

Claim Cache::claim(Connection& connection) noexcept {
  unlink(connection);
  ++claimed_;
  ++connection.endpoint->claims;
  return Claim{*this, connection};
}

// The connection of the endpoint that is to go out next. The endpoint stays, even without
// connections: the caller still holds it.
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

// The first connection that is not due yet. Due ones that stand before it leave, as long as
// `most_due` allows: closing thousands at once would let everybody wait.
template <typename Iterator>
Connection* Cache::first_live(Iterator place, Iterator end, Instant now,
                              std::size_t& most_due) noexcept {
  Connection* due = nullptr;
  for (;;) {
    // One step behind: a reverse iterator stands on the entry that it has left.
    const bool over = place == end;
    Connection* const current = over ? nullptr : &*place;
    if (!over) ++place;
    if (due != nullptr && most_due > 0) {
      --most_due;
      unlink(*due);
      leave(*due, Departure::expired);
    }
    if (over || current->place.deadline > now) return current;
    due = current;
  }
}

void Cache::leave(Connection& connection, Departure why) noexcept {
  Connection::Owner owner{&connection};
  Endpoint& endpoint = *connection.endpoint;
  --held_;
  bytes_ -= connection.bytes();
  observer_.connection_left(endpoint.text(), connection.text(), std::move(connection.fd),
                            connection.provenance.owner, why);
  drop_if_unused(endpoint);
}

void Cache::leave(Binding& binding, Departure why) noexcept {
  Binding::Owner owner{&binding};
  Destination& destination = *binding.destination;
  Endpoint& endpoint = *binding.endpoint;
  bindings_.erase(&binding);
  deadlines_.erase(deadlines_.iterator_to(binding));
  const auto place = std::lower_bound(
      destination.bindings.begin(), destination.bindings.end(), binding.sequence,
      [](const BindingRef& ref, std::uint64_t s) { return ref.binding->sequence < s; });
  destination.bindings.erase(place);
  --endpoint.bindings;
  bytes_ -= binding.bytes();
  observer_.binding_left(destination.text(), binding.text(), endpoint.text(), why);
  drop_if_unused(endpoint);
  drop_if_unused(destination);
}

void Cache::put_back(Connection& connection) noexcept {
  --claimed_;
  --connection.endpoint->claims;
  link(connection);
}

}  // namespace scache
