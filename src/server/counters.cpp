// SPDX-License-Identifier: Apache-2.0
#include "server/counters.hpp"

#include <array>

namespace scache::server {
namespace {

constexpr auto kCounter = Statistic::Kind::counter;
constexpr auto kGauge = Statistic::Kind::gauge;

constexpr std::array<Statistic, 36> kStatistics{{
    {"uptime_ms", kCounter, "milliseconds", "Time since the start of the server",
     &Snapshot::uptime_ms},
    {"connections", kGauge, "", "Cached connections", &Snapshot::connections},
    {"connections_limit", kGauge, "", "Maximum number of cached connections",
     &Snapshot::connections_limit},
    {"endpoints", kGauge, "", "Endpoints with connections", &Snapshot::endpoints},
    {"destinations", kGauge, "", "Destinations with bindings", &Snapshot::destinations},
    {"bindings", kGauge, "", "Bindings", &Snapshot::bindings},
    {"bytes", kGauge, "bytes", "Memory of connections and bindings", &Snapshot::bytes},
    {"bytes_limit", kGauge, "bytes", "Maximum memory of connections and bindings",
     &Snapshot::bytes_limit},
    {"connection_bytes", kGauge, "bytes", "Memory of connections", &Snapshot::connection_bytes},
    {"connection_bytes_limit", kGauge, "bytes", "Maximum memory of connections",
     &Snapshot::connection_bytes_limit},
    {"binding_bytes", kGauge, "bytes", "Memory of bindings", &Snapshot::binding_bytes},
    {"binding_bytes_limit", kGauge, "bytes", "Maximum memory of bindings",
     &Snapshot::binding_bytes_limit},
    {"connections_saved", kCounter, "", "Connections saved", &Snapshot::connections_saved},
    {"connections_refused", kCounter, "", "Saves of connections that were refused",
     &Snapshot::connections_refused},
    {"bindings_saved", kCounter, "", "Bindings saved", &Snapshot::bindings_saved},
    {"bindings_renewed", kCounter, "", "Bindings saved that existed already",
     &Snapshot::bindings_renewed},
    {"endpoint_hits", kCounter, "", "Lookups by endpoint that found a connection",
     &Snapshot::endpoint_hits},
    {"endpoint_misses", kCounter, "", "Lookups by endpoint that found none",
     &Snapshot::endpoint_misses},
    {"destination_hits", kCounter, "", "Lookups by destination that found a connection",
     &Snapshot::destination_hits},
    {"destination_misses", kCounter, "", "Lookups by destination that found none",
     &Snapshot::destination_misses},
    {"expired", kCounter, "", "Connections and bindings whose time to live ended",
     &Snapshot::expired},
    {"retired", kCounter, "",
     "Connections closed at their save, at their maximum age or number of uses",
     &Snapshot::retired},
    {"evicted", kCounter, "", "Connections and bindings removed to make room", &Snapshot::evicted},
    {"evicted_for_endpoint", kCounter, "", "Connections removed at the limit of their endpoint",
     &Snapshot::evicted_for_endpoint},
    {"evicted_for_destination", kCounter, "", "Bindings removed at the limit of their destination",
     &Snapshot::evicted_for_destination},
    {"evicted_for_user", kCounter, "",
     "Connections and bindings removed at the limit of their user", &Snapshot::evicted_for_user},
    {"evicted_for_share", kCounter, "",
     "Connections and bindings of the user with the most, removed because the cache was full",
     &Snapshot::evicted_for_share},
    {"denied", kCounter, "", "Requests for which the client has no right", &Snapshot::denied},
    {"dropped", kCounter, "", "Connections and bindings dropped by clients", &Snapshot::dropped},
    {"dead", kCounter, "", "Connections that ended while they were cached", &Snapshot::dead},
    {"goodbyes", kCounter, "", "Connections that left the cache with a goodbye",
     &Snapshot::goodbyes},
    {"goodbyes_answered", kCounter, "", "Goodbyes that were answered",
     &Snapshot::goodbyes_answered},
    {"goodbyes_unanswered", kCounter, "", "Goodbyes that were not answered in time",
     &Snapshot::goodbyes_unanswered},
    {"goodbyes_skipped", kCounter, "",
     "Connections closed without their goodbye, at a limit or for lack of resources",
     &Snapshot::goodbyes_skipped},
    {"probes_passed", kCounter, "", "Probes that were answered as expected",
     &Snapshot::probes_passed},
    {"probes_failed", kCounter, "", "Probes without the expected answer in time",
     &Snapshot::probes_failed},
}};

}  // namespace

std::span<const Statistic> statistics() noexcept {
  return kStatistics;
}

}  // namespace scache::server
