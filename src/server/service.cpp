// SPDX-License-Identifier: Apache-2.0
#include "server/service.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace scache::server {
namespace {

// Upper bounds for the uses and the age that a client reports.
constexpr std::uint64_t kMaxUses = std::numeric_limits<std::uint32_t>::max();
constexpr std::chrono::milliseconds kMaxAge = std::chrono::hours{24} * 365 * 100;

// Whole seconds from the Postfix protocol, possibly fractions from the direct protocol.
double seconds(std::chrono::milliseconds ttl) noexcept {
  return std::chrono::duration<double>{ttl}.count();
}

Instant deadline(const ListenPolicy& policy, std::chrono::milliseconds ttl, Instant now) noexcept {
  return after(now, std::min(ttl == kNoTtl ? policy.ttl_default : ttl, policy.ttl_limit));
}

}  // namespace

Service::Service(const Settings& settings, Closer& closer, Log& log)
    : settings_{settings},
      closer_{closer},
      log_{log},
      last_connection_id_{settings.last_connection_id},
      change_log_{log},
      cache_{settings.limits, [this](Fd fd, const ConnectionRecord& connection, Departure why) {
               dispose(std::move(fd), connection, why);
             }} {
  cache_.observe(*this);
  cache_.observe(change_log_);
}

Service::~Service() {
  cache_.expire(kNever, std::numeric_limits<std::size_t>::max());
}

// The functions below log requests of both protocols, and misses and refusals.

Saved Service::save(const Caller& caller, const SaveEndpoint& request, Fd fd, Instant now) {
  log_.detail("save_endp ttl={} endpoint={} properties={}", seconds(request.ttl), request.endpoint,
              request.properties);
  const DescriptorFacts facts = inspect(fd.get(), settings_.listening);
  std::optional<Saved> refused = refusal(facts);
  if (!permits(caller, Action::save, request.endpoint, now)) refused = Saved::denied;
  if (!refused) {
    const std::uint64_t cookie = limits_life(request.endpoint) ? cookie_of(fd.get()) : 0;
    const Provenance provenance = provenance_of(caller, request, facts, fd.get(), cookie, now);
    const Instant asked = deadline(caller.policy, request.ttl, now);
    const Instant until = within_life(request.endpoint, provenance, asked, now);
    if (until <= now && asked > now) {
      retire(std::move(fd), request, provenance);
      return Saved::retired;
    }
    SaveOutcome outcome = SaveOutcome::full;
    try {
      outcome = cache_.save_connection(request.endpoint, request.properties, until, fd, provenance);
    } catch (...) {
      closer_.close(std::move(fd), caller.user);
      throw;
    }
    if (outcome == SaveOutcome::saved) {
      histories_.forget(cookie);
      ++totals_.connections_saved;
      count_saved();
      return provenance.had_input && !allows_input(request.endpoint, provenance) ? Saved::unread
                                                                                 : Saved::yes;
    }
    refused = Saved::full;
  }
  ++totals_.connections_refused;
  log_.detail("save_endp: not saved");
  closer_.close(std::move(fd), caller.user);
  return *refused;
}

void Service::hand_out(HandOutOf of_endpoint) {
  hand_out_of_ = std::move(of_endpoint);
  cache_.find_newest_first(
      [this](std::string_view endpoint) { return hand_out_of_(endpoint).newest_first; });
}

Provenance Service::provenance_of(const Caller& caller, const SaveEndpoint& request,
                                  const DescriptorFacts& facts, int descriptor,
                                  std::uint64_t cookie, Instant now) noexcept {
  const Past& past = request.past;
  Provenance provenance{.since = now - std::min(past.age, kMaxAge),
                        .saved = now,
                        .id = past.connection,
                        .uses = static_cast<std::uint32_t>(std::min(past.uses, kMaxUses)),
                        .owner = caller.user,
                        .kind = facts.kind,
                        .had_input = is_socket(facts.kind) && has_input(descriptor),
                        .allow_input = request.allow_input};
  if (const auto history = histories_.find(cookie)) {
    provenance.since = history->since;
    provenance.uses = history->uses;
    if (provenance.id == 0) provenance.id = history->id;
  }
  if (provenance.id == 0) provenance.id = new_connection_id();
  return provenance;
}

bool Service::limits_life(std::string_view endpoint) const noexcept {
  return hand_out_of_ && hand_out_of_(endpoint).limits_life();
}

Instant Service::within_life(std::string_view endpoint, const Provenance& provenance,
                             Instant deadline, Instant now) const noexcept {
  if (!hand_out_of_) return deadline;
  const HandOut& rule = hand_out_of_(endpoint);
  if (rule.max_uses > 0 && provenance.uses >= rule.max_uses) return now;
  if (rule.max_age == Duration{}) return deadline;
  // The first save may have been before the start of the clock.
  const Duration age = now - provenance.since;
  const Duration life = rule.life_of(provenance.id);
  return age >= life ? now : std::min(after(now, life - age), deadline);
}

void Service::retire(Fd fd, const SaveEndpoint& request, const Provenance& provenance) noexcept {
  log_.detail("save_endp: retired");
  ++totals_.connections_saved;
  ++totals_.retired;
  const int descriptor = fd.get();
  dispose(std::move(fd),
          {.endpoint = request.endpoint,
           .properties = request.properties,
           .deadline = provenance.saved,
           .sequence = 0,
           .descriptor = descriptor,
           .provenance = provenance},
          Departure::expired);
}

std::optional<Saved> Service::refusal(const DescriptorFacts& facts) const noexcept {
  if (facts.kind == DescriptorKind::other) return Saved::wrong_kind;
  if (facts.own_client) return Saved::own_client;
  if (closer_.is_full()) return Saved::not_closable;
  return std::nullopt;
}

Saved Service::save(const Caller& caller, const SaveDestination& request, Instant now) {
  log_.detail("save_dest ttl={} destination={} properties={} endpoint={}", seconds(request.ttl),
              request.destination, request.properties, request.endpoint);
  if (!permits(caller, Action::save, request.destination, now) ||
      !permits(caller, Action::save, request.endpoint, now)) {
    return Saved::denied;
  }
  const SaveOutcome outcome =
      cache_.save_binding(request.destination, request.properties, request.endpoint,
                          deadline(caller.policy, request.ttl, now), now, caller.user);
  if (outcome == SaveOutcome::full) {
    log_.detail("save_dest: not saved");
    return Saved::full;
  }
  ++(outcome == SaveOutcome::renewed ? totals_.bindings_renewed : totals_.bindings_saved);
  count_saved();
  return outcome == SaveOutcome::renewed ? Saved::renewed : Saved::yes;
}

std::expected<Claim, NotFound> Service::find(const Caller& caller, const FindEndpoint& request,
                                             Instant now) {
  log_.detail("find_endp endpoint={}", request.endpoint);
  if (!permits(caller, Action::find, request.endpoint, now)) {
    return std::unexpected{NotFound::denied};
  }
  for (unsigned dead = 0; dead < kMaxDeadInARow; ++dead) {
    auto claim = cache_.find_endpoint(request.endpoint, now);
    if (!claim) break;
    if (!is_dead(*claim)) return std::move(*claim);
    claim->discard();
  }
  log_.detail("find_endp: not found");
  ++totals_.endpoint_misses;
  return std::unexpected{NotFound::no_connection};
}

std::expected<Cache::DestinationHit, NotFound> Service::find(const Caller& caller,
                                                             const FindDestination& request,
                                                             Instant now) {
  log_.detail("find_dest destination={}", request.destination);
  if (!permits(caller, Action::find, request.destination, now)) {
    return std::unexpected{NotFound::denied};
  }
  for (unsigned dead = 0; dead < kMaxDeadInARow; ++dead) {
    auto hit = cache_.find_destination(request.destination, now);
    if (!hit) break;
    if (!is_dead(hit->claim)) return std::move(*hit);
    hit->claim.discard();
  }
  log_.detail("find_dest: not found");
  ++totals_.destination_misses;
  return std::unexpected{NotFound::no_connection};
}

bool Service::deny(const Caller& caller, Action action, std::string_view name, Instant now) {
  ++totals_.denied;
  log_.warn(LogKind::access, now, "request denied: user={} action={} name={}", caller.user,
            words_of(action), name);
  return false;
}

std::optional<Position> Service::walk(const Caller& caller, Action action, Position from,
                                      std::size_t most, const Cache::Visitor& visit) {
  return cache_.walk(from, most, [&](const Cache::Entry& entry) {
    return caller.rights.allow(action, name_of(entry)) ? visit(entry) : Cache::Verdict::keep;
  });
}

bool Service::is_dead(const Claim& claim) const noexcept {
  const ConnectionRecord connection = claim.record();
  const DescriptorKind kind = connection.provenance.kind;
  if (!is_socket(kind)) return false;
  switch (state_of(connection.descriptor, kind)) {
    case SocketState::quiet:
      return false;
    case SocketState::has_input:
      return !allows_input(connection.endpoint, connection.provenance);
    case SocketState::over:
      break;
  }
  return true;
}

bool Service::remove(const Position& place, Sign sign) noexcept {
  if (sign == Sign::input) {
    const std::optional<ConnectionRecord> connection = cache_.connection_at(place);
    if (connection && (connection->provenance.had_input ||
                       allows_input(connection->endpoint, connection->provenance))) {
      return false;
    }
  }
  cache_.discard(place);
  return true;
}

void Service::commit(Claim& claim, Lookup lookup) noexcept {
  const ConnectionRecord connection = claim.record();
  if (limits_life(connection.endpoint)) {
    const Provenance& from = connection.provenance;
    histories_.keep(cookie_of(connection.descriptor), {from.since, from.id, from.uses + 1});
  }
  claim.commit();
  if (lookup == Lookup::endpoint) {
    ++totals_.endpoint_hits;
  } else {
    ++totals_.destination_hits;
  }
}

void Service::connection_left(const ConnectionRecord&, Departure why) noexcept {
  count_departure(why);
}

void Service::binding_left(const BindingRecord&, Departure why) noexcept {
  count_departure(why);
}

void Service::dispose(Fd fd, const ConnectionRecord& connection, Departure why) noexcept {
  // A found connection is in use by its client, a withdrawn one may be in use, and a dead one has
  // nobody to say goodbye to.
  const bool is_idle = why != Departure::found && why != Departure::dead &&
                       why != Departure::withdrawn && is_socket(connection.provenance.kind);
  if (is_idle && says_goodbye() && begin_goodbye(fd, connection)) return;
  closer_.close(std::move(fd), connection.provenance.owner);
}

bool Service::begin_goodbye(Fd& fd, const ConnectionRecord& connection) noexcept {
  const Goodbye* const goodbye = goodbye_of_(connection.endpoint);
  if (goodbye == nullptr) return false;
  const Provenance& provenance = connection.provenance;
  const bool may_begin = farewells_->may_begin(provenance.owner);
  // Its peer may have closed it a moment ago. Its input may be the end of an exchange.
  if (may_begin && state_of(fd.get(), provenance.kind) != SocketState::quiet) return false;
  if (may_begin && farewells_->begin(fd, *goodbye, provenance.owner)) {
    ++totals_.goodbyes;
    return true;
  }
  ++totals_.goodbyes_skipped;
  return false;
}

std::size_t Service::room_for_goodbyes() const noexcept {
  if (!says_goodbye()) return std::numeric_limits<std::size_t>::max();
  return farewells_->room();
}

void Service::count_goodbye(Farewells::End how) noexcept {
  ++(how == Farewells::End::answered ? totals_.goodbyes_answered : totals_.goodbyes_unanswered);
}

Snapshot Service::snapshot(Instant now) const noexcept {
  const auto uptime = std::chrono::duration_cast<std::chrono::milliseconds>(now - settings_.since);
  const CacheLimits& limits = settings_.limits;
  Snapshot snapshot{totals_};
  snapshot.uptime_ms = static_cast<std::uint64_t>(uptime.count());
  snapshot.evicted = totals_.all_evicted();
  snapshot.connections = cache_.connections();
  snapshot.connections_limit = limits.connections;
  snapshot.endpoints = cache_.endpoints();
  snapshot.destinations = cache_.destinations();
  snapshot.bindings = cache_.bindings();
  snapshot.bytes = cache_.bytes();
  snapshot.bytes_limit = limits.connection_bytes + limits.binding_bytes;
  snapshot.connection_bytes = cache_.connection_bytes();
  snapshot.connection_bytes_limit = limits.connection_bytes;
  snapshot.binding_bytes = cache_.binding_bytes();
  snapshot.binding_bytes_limit = limits.binding_bytes;
  return snapshot;
}

void Service::count_departure(Departure why) noexcept {
  switch (why) {
    case Departure::found:
      break;
    case Departure::expired:
      ++totals_.expired;
      break;
    case Departure::evicted_for_endpoint:
      ++totals_.evicted_for_endpoint;
      break;
    case Departure::evicted_for_destination:
      ++totals_.evicted_for_destination;
      break;
    case Departure::evicted_for_user:
      ++totals_.evicted_for_user;
      break;
    case Departure::evicted_for_share:
      ++totals_.evicted_for_share;
      break;
    case Departure::dead:
      ++totals_.dead;
      break;
    case Departure::dropped:
    case Departure::withdrawn:
      ++totals_.dropped;
      break;
  }
}

void Service::count_saved() noexcept {
  maxima_.destinations = std::max(maxima_.destinations, cache_.destinations());
  maxima_.endpoints = std::max(maxima_.endpoints, cache_.endpoints());
  maxima_.connections = std::max(maxima_.connections, cache_.connections());
}

}  // namespace scache::server
