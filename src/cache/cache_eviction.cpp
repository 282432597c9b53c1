// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <new>
#include <utility>

#include "cache/cache.hpp"

// How entries leave the cache, and which of them leave to make room for others.

namespace scache::cache {
namespace {

// If at most a quarter of a vector is used, reduces its capacity to twice its size.
template <typename Vector>
void shrink(Vector& refs) noexcept {
  constexpr std::size_t kLittle = 8;
  if (refs.capacity() <= kLittle || refs.size() * 4 > refs.capacity()) return;
  try {
    Vector smaller;
    smaller.reserve(2 * refs.size());
    smaller.assign(refs.begin(), refs.end());
    refs = std::move(smaller);
  } catch (const std::bad_alloc&) {
    // The vector keeps its capacity until the next removal.
  }
}

bool exceeds(const Amount& held, std::size_t entries, std::size_t bytes) noexcept {
  return held.entries > entries || held.bytes > bytes;
}

}  // namespace

bool Cache::can_hold(Holders& holders, std::uint32_t owner, std::size_t size, const Amount& of_all,
                     const Amount& of_user) const noexcept {
  if (holders.claimed().leaves_no_room(size, of_all)) return false;
  const Holder* const holder = holders.find(owner);
  return !(holder == nullptr ? Amount{} : holder->claimed()).leaves_no_room(size, of_user);
}

// The bytes of a holder contain each name as often as it is used. So if only claimed entries and
// the new one are left, can_hold() is enough for the limits to hold.

void Cache::make_room_for(Connection& saved) noexcept {
  Endpoint& endpoint = *saved.endpoint;
  if (endpoint.held > limits_.connections_of_endpoint) {
    Connection& oldest = *endpoint.connections.begin();
    unlink(oldest);
    leave(oldest, Departure::evicted_for_endpoint);
  }
  Holder& saver = *saved.holder;
  while (exceeds(saver.held(), limits_.connections_of_user, limits_.connection_bytes_of_user)) {
    evict_longest_unused(saver, Departure::evicted_for_user);
  }
  using Measure = Holders::Measure;
  while (held_ > limits_.connections) {
    evict_longest_unused(*connection_holders_.giver(Measure::entries, saver),
                         Departure::evicted_for_share);
  }
  while (connection_bytes_ > limits_.connection_bytes) {
    evict_longest_unused(*connection_holders_.giver(Measure::bytes, saver),
                         Departure::evicted_for_share);
  }
}

bool Cache::replaces_too_fast(std::uint32_t owner, std::size_t size, Instant now) noexcept {
  if (size <= limits_.binding_bytes - binding_bytes_) return false;
  const Holder* const holder = binding_holders_.find(owner);
  return holder != nullptr && holder->replacements.bytes(now) >= Replacements::kMost;
}

void Cache::make_room_for(Binding& saved, Instant now) noexcept {
  Destination& destination = *saved.destination;
  if (destination.bindings.size() > limits_.bindings_of_destination) {
    leave(*destination.bindings.front().binding, Departure::evicted_for_destination);
  }
  Holder& saver = *saved.holder;
  while (exceeds(saver.held(), limits_.bindings_of_user, limits_.binding_bytes_of_user)) {
    evict_longest_unused(saver, Departure::evicted_for_user);
  }
  using Measure = Holders::Measure;
  while (bindings_.size() > limits_.bindings) {
    evict_longest_unused(*binding_holders_.giver(Measure::entries, saver),
                         Departure::evicted_for_share);
  }
  while (binding_bytes_ > limits_.binding_bytes) {
    Holder& giver = *binding_holders_.giver(Measure::bytes, saver);
    const std::size_t before = binding_bytes_;
    evict_longest_unused(giver, Departure::evicted_for_share);
    if (&giver == &saver) saver.replacements.add(before - binding_bytes_, now);
  }
}

void Cache::evict_longest_unused(Holder& holder, Departure why) noexcept {
  auto& entry = static_cast<Timed&>(Holders::longest_unused(holder));
  if (entry.kind == Timed::Kind::connection) {
    auto& connection = static_cast<Connection&>(entry);
    unlink(connection);
    leave(connection, why);
  } else {
    leave(static_cast<Binding&>(entry), why);
  }
}

void Cache::leave(Connection& connection, Departure why) noexcept {
  Connection::Owner owner{&connection};
  Endpoint& endpoint = *connection.endpoint;
  --held_;
  --endpoint.held;
  work_ += kWorkOfEntry;
  connection_bytes_ -= connection.bytes();
  const ConnectionRecord record = connection.record();
  notify([&](CacheObserver& observer) { observer.connection_left(record, why); });
  if (dispose_) dispose_(std::move(connection.fd), record, why);
  connection_holders_.remove(connection, connection.bytes_of_user());
  settle(endpoint);
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
  shrink(destination.bindings);
  --endpoint.bindings;
  work_ += kWorkOfEntry;
  binding_bytes_ -= binding.bytes();
  notify([&](CacheObserver& observer) { observer.binding_left(binding.record(), why); });
  binding_holders_.remove(binding, binding.bytes_of_user());
  settle(endpoint);
  drop_if_unused(destination);
}

}  // namespace scache::cache
