// SPDX-License-Identifier: Apache-2.0
#include "server/drops.hpp"

#include <algorithm>
#include <optional>

namespace scache::server {

void Drops::begin(std::uint64_t request, Of of, std::string_view name) {
  under_way_.push_back({.dropped = {request, 0, 0},
                        .of = of,
                        .name = std::string{name},
                        .from = Cache::kBeginning,
                        .last = service_.cache().last_sequence()});
}

bool Drops::cancel(std::uint64_t request) noexcept {
  const auto found = std::ranges::find_if(
      under_way_, [&](const Drop& drop) { return drop.dropped.request == request; });
  if (found == under_way_.end()) return false;
  if (static_cast<std::size_t>(found - under_way_.begin()) < next_) --next_;
  under_way_.erase(found);
  return true;
}

void Drops::work(const std::function<void(const Dropped&)>& done) {
  // A dropped connection occupies its descriptor until the closer has closed it.
  if (under_way_.empty() || service_.is_closing()) return;
  if (next_ >= under_way_.size()) next_ = 0;
  const auto drop = under_way_.begin() + static_cast<std::ptrdiff_t>(next_);
  if (work_on(*drop)) {
    done(drop->dropped);
    under_way_.erase(drop);
  } else {
    ++next_;
  }
}

bool Drops::work_on(Drop& drop) {
  if (drop.of == Of::endpoint) {
    const std::size_t count = service_.drop_connections(drop.name, drop.last, kEntriesOfSlice);
    drop.dropped.connections += count;
    return count < kEntriesOfSlice;
  }
  const auto next = service_.walk(drop.from, kEntriesOfSlice, [&](const Cache::Entry& entry) {
    const bool connection = entry.kind == Cache::Entry::Kind::connection;
    const std::string_view name = connection ? entry.endpoint : entry.destination;
    if (entry.sequence > drop.last || !name.starts_with(drop.name)) return Cache::Verdict::keep;
    ++(connection ? drop.dropped.connections : drop.dropped.bindings);
    return Cache::Verdict::drop;
  });
  if (next) drop.from = *next;
  return !next;
}

}  // namespace scache::server
