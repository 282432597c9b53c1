// SPDX-License-Identifier: Apache-2.0
#include "standalone/listeners.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <ranges>
#include <utility>

namespace scache::standalone {
namespace {

std::chrono::milliseconds milliseconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

}  // namespace

ListenPolicy policy_of(const Configuration& configuration, const SocketTable& socket,
                       const Capacity& capacity, const OverflowIds& overflow) {
  const auto& main_cf = socket.main_cf;
  return {
      .access = configuration.access(socket, ::geteuid(), overflow),
      .clients_of_user = configuration.admits_others() ? capacity.clients_of_user()
                                                       : std::numeric_limits<std::size_t>::max(),
      .limits = {.name = configuration.name_bytes, .properties = configuration.properties_bytes},
      .time_limit = main_cf ? main_cf->request_time : configuration.request_time,
      .ttl_limit = main_cf ? main_cf->ttl_limit : milliseconds(configuration.ttl_limit),
      .ttl_default = milliseconds(configuration.ttl_default),
      .source = socket.tag};
}

Result<Listeners> Listeners::open(const Configuration& configuration,
                                  std::vector<ActivatedSocket> passed) {
  Listeners all;
  for (const SocketTable& table : configuration.sockets()) {
    all.entries_.push_back({.path = table.path, .listener = {}});
  }
  Entry& first = all.entries_.front();
  for (ActivatedSocket& each : passed) {
    const auto named = std::ranges::find(std::next(all.entries_.begin()), all.entries_.end(),
                                         each.path, &Entry::path);
    Entry& entry = named != all.entries_.end() ? *named : first;
    if (entry.listener) {
      return std::unexpected{
          Error{fmt::format("socket activation: {}: no [[listen]] has this path", each.path)}};
    }
    entry.listener.emplace(std::move(each.socket));
  }
  auto entry = all.entries_.begin();
  for (const SocketTable& table : configuration.sockets()) {
    std::optional<Listener>& listener = (entry++)->listener;
    if (listener) continue;
    auto made = Listener::make(table.place());
    if (!made) return std::unexpected{made.error()};
    listener.emplace(*std::move(made));
  }
  return all;
}

std::vector<ListeningAddress> Listeners::addresses() const {
  std::vector<ListeningAddress> all;
  for (const Entry& entry : entries_) all.emplace_back(entry.listener->descriptor());
  return all;
}

const ListenPolicy& Listeners::policy(std::size_t number) const {
  return std::next(entries_.begin(), static_cast<std::ptrdiff_t>(number))->policy;
}

void Listeners::set_policies(const Configuration& configuration, const Capacity& capacity,
                             const OverflowIds& overflow) {
  const auto tables = configuration.sockets();
  const auto set = [&](Entry& entry, const SocketTable& table) {
    const WireLimits limits = entry.policy.limits;
    entry.policy = policy_of(configuration, table, capacity, overflow);
    if (has_policies_) entry.policy.limits = limits;
  };
  set(entries_.front(), tables.front());
  for (Entry& entry : entries_ | std::views::drop(1)) {
    const auto table =
        std::ranges::find(std::next(tables.begin()), tables.end(), entry.path, &SocketTable::path);
    // Nobody keeps a right that is in the configuration no longer.
    set(entry, table != tables.end() ? *table : SocketTable{.path = entry.path});
  }
  has_policies_ = true;
}

void Listeners::accept(Server& server) {
  for (Entry& entry : entries_) server.accept_from(entry.listener->descriptor(), entry.policy);
}

void Listeners::close() noexcept {
  for (Entry& entry : entries_) entry.listener.reset();
}

Result<void> Listeners::keep(Server& server, Log& log) {
  const auto is_lost = [](const Entry& entry) { return !entry.listener->is_in_place(); };
  if (std::ranges::none_of(entries_, is_lost)) return {};
  server.stop_accepting();
  for (Entry& entry : entries_ | std::views::filter(is_lost)) {
    log.warn("{}: the socket is gone: creating it again", entry.listener->path());
    if (auto renewed = entry.listener->renew(); !renewed) return renewed;
  }
  accept(server);
  return {};
}

}  // namespace scache::standalone
