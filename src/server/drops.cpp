// SPDX-License-Identifier: Apache-2.0
#include "server/drops.hpp"

#include <optional>
#include <utility>

namespace scache::server {
namespace {

Task<Dropped> drop_endpoint_until(Service& service, UnderWay& under_way, std::string endpoint,
                                  std::uint64_t last) {
  Dropped dropped;
  for (;;) {
    // A dropped connection occupies its descriptor until the closer has closed it.
    while (service.is_closing()) co_await under_way.next_step();
    dropped.connections += service.drop_probed([&](const ConnectionRecord& connection) {
      return connection.sequence <= last && connection.endpoint == endpoint;
    });
    const std::size_t count = service.drop_connections(endpoint, last, kEntriesOfStep);
    dropped.connections += count;
    if (count < kEntriesOfStep) co_return dropped;
    co_await under_way.next_step();
  }
}

Task<Dropped> drop_prefix_until(Service& service, const Caller& caller, UnderWay& under_way,
                                std::string prefix, std::uint64_t last) {
  Dropped dropped;
  const auto matches = [&](const Cache::Entry& entry) {
    return sequence_of(entry) <= last && name_of(entry).starts_with(prefix);
  };
  const Cache::Visitor visit = [&](const Cache::Entry& entry) {
    if (!matches(entry)) return Cache::Verdict::keep;
    const bool is_connection = std::holds_alternative<ConnectionRecord>(entry);
    ++(is_connection ? dropped.connections : dropped.bindings);
    return Cache::Verdict::drop;
  };
  std::optional<Position> from = Cache::kBeginning;
  for (;;) {
    while (service.is_closing()) co_await under_way.next_step();
    dropped.connections += service.drop_probed([&](const ConnectionRecord& connection) {
      return matches(connection) && caller.rights.allow(Action::drop, connection.endpoint);
    });
    from = service.walk(caller, Action::drop, *from, kEntriesOfStep, visit);
    if (!from) co_return dropped;
    co_await under_way.next_step();
  }
}

}  // namespace

Task<Dropped> drop_endpoint(Service& service, UnderWay& under_way, std::string endpoint) {
  return drop_endpoint_until(service, under_way, std::move(endpoint),
                             service.cache().last_sequence());
}

Task<Dropped> drop_prefix(Service& service, const Caller& caller, UnderWay& under_way,
                          std::string prefix) {
  return drop_prefix_until(service, caller, under_way, std::move(prefix),
                           service.cache().last_sequence());
}

}  // namespace scache::server
