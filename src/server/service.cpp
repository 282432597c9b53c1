#include "server/service.hpp"

#include <algorithm>
#include <utility>

namespace scache {
namespace {

std::string_view word(Departure why) noexcept {
  switch (why) {
    case Departure::found:
      return "found";
    case Departure::expired:
      return "expired";
    case Departure::evicted:
      break;
  }
  return "evicted";
}

}  // namespace

Service::Service(const Settings& settings, Statistics& statistics, Closer& closer, Log& log)
    : settings_{settings},
      statistics_{statistics},
      closer_{closer},
      log_{log},
      cache_{settings.limits, *this} {}

Saved Service::save(const SaveEndpoint& request, Fd fd, Instant now) {
  const DescriptorFacts facts = inspect(fd.get(), settings_.listening);
  if (facts.own_client) {
    closer_.close_copy(std::move(fd));
    return Saved::own_client;
  }
  const bool may_block = facts.kind == DescriptorKind::local || facts.kind == DescriptorKind::other;
  if (may_block && !closer_.accepts()) {
    // It must be closed all the same, and not by us.
    closer_.close_copy(std::move(fd));
    return Saved::not_closable;
  }
  const SaveOutcome outcome =
      cache_.save_connection(request.endpoint, request.properties, deadline(request.ttl, now), fd);
  if (outcome == SaveOutcome::full) {
    closer_.close_copy(std::move(fd));
    return Saved::full;
  }
  count_saved();
  return Saved::yes;
}

Saved Service::save(const SaveDestination& request, Instant now) {
  const SaveOutcome outcome = cache_.save_binding(request.destination, request.properties,
                                                  request.endpoint, deadline(request.ttl, now));
  if (outcome == SaveOutcome::full) return Saved::full;
  count_saved();
  return Saved::yes;
}

std::optional<Claim> Service::find(const FindEndpoint& request, Instant now) {
  auto claim = cache_.find_endpoint(request.endpoint, now);
  if (!claim) statistics_.endpoint_miss();
  return claim;
}

std::optional<Cache::DestinationHit> Service::find(const FindDestination& request, Instant now) {
  auto hit = cache_.find_destination(request.destination, now);
  if (!hit) statistics_.destination_miss();
  return hit;
}

void Service::commit(Claim& claim, Lookup lookup) noexcept {
  claim.commit();
  if (lookup == Lookup::endpoint) {
    statistics_.endpoint_hit();
  } else {
    statistics_.destination_hit();
  }
}

void Service::connection_saved(std::string_view endpoint, std::string_view properties,
                               int descriptor) noexcept {
  log_.detail("connection saved: endpoint={} properties={} fd={}", endpoint, properties,
              descriptor);
}

void Service::connection_left(std::string_view endpoint, std::string_view properties, Fd fd,
                              Departure why) noexcept {
  log_.detail("connection {}: endpoint={} properties={} fd={}", word(why), endpoint, properties,
              fd.get());
  if (why == Departure::found) {
    closer_.close_copy(std::move(fd));
  } else {
    closer_.close_connection(std::move(fd));
  }
}

void Service::binding_saved(std::string_view destination, std::string_view properties,
                            std::string_view endpoint, bool renewed) noexcept {
  log_.detail("binding {}: destination={} properties={} endpoint={}", renewed ? "renewed" : "saved",
              destination, properties, endpoint);
}

void Service::binding_left(std::string_view destination, std::string_view properties,
                           std::string_view endpoint, Departure why) noexcept {
  log_.detail("binding {}: destination={} properties={} endpoint={}", word(why), destination,
              properties, endpoint);
}

Instant Service::deadline(std::chrono::seconds ttl, Instant now) const noexcept {
  return after(now, std::min(ttl, settings_.ttl_limit));
}

void Service::count_saved() noexcept {
  statistics_.saved(cache_.destinations(), cache_.endpoints(), cache_.connections());
}

}  // namespace scache
