// SPDX-License-Identifier: Apache-2.0
#include "cache/holder.hpp"

#include <iterator>

namespace scache::cache {

void Holders::clear() noexcept {
  by_entries_.clear();
  by_bytes_.clear();
  owners_.clear_and_dispose([](Holder* holder) {
    holder->unused_.clear();
    delete holder;
  });
}

Holder* Holders::find(std::uint32_t owner) noexcept {
  const auto found = owners_.find(owner);
  return found == owners_.end() ? nullptr : &*found;
}

Holder& Holders::get(std::uint32_t owner) {
  if (Holder* const known = find(owner)) return *known;
  auto* const holder = new Holder{owner};
  owners_.insert(*holder);
  return *holder;
}

void Holders::drop_if_unused(Holder& holder) noexcept {
  if (holder.held_.entries > 0) return;
  owners_.erase(owners_.iterator_to(holder));
  delete &holder;
}

void Holders::count(Holder& holder, Held& entry, std::size_t bytes) noexcept {
  entry.holder = &holder;
  holder.held_ += {1, bytes};
  changed(holder);
}

void Holders::add(Held& entry) noexcept {
  link(*entry.holder, entry);
}

void Holders::remove(Held& entry, std::size_t bytes) noexcept {
  Holder& holder = *entry.holder;
  if (entry.is_linked()) {
    unlink(holder, entry);
  } else {
    holder.claimed_ -= {1, bytes};
    claimed_ -= {1, bytes};
  }
  holder.held_ -= {1, bytes};
  changed(holder);
  drop_if_unused(holder);
}

void Holders::claim(Held& entry, std::size_t bytes) noexcept {
  Holder& holder = *entry.holder;
  unlink(holder, entry);
  holder.claimed_ += {1, bytes};
  claimed_ += {1, bytes};
}

void Holders::put_back(Held& entry, std::size_t bytes) noexcept {
  Holder& holder = *entry.holder;
  holder.claimed_ -= {1, bytes};
  claimed_ -= {1, bytes};
  link(holder, entry);
}

Holder* Holders::giver(Measure by, Holder& saver) noexcept {
  if (by_entries_.empty()) return nullptr;
  const bool counts = by == Measure::entries;
  Holder& most = counts ? *by_entries_.rbegin() : *by_bytes_.rbegin();
  const bool saver_holds_most =
      counts ? saver.held_.entries >= most.held_.entries : saver.held_.bytes >= most.held_.bytes;
  return saver_holds_most && saver.can_give() ? &saver : &most;
}

Held& Holders::longest_unused(Holder& holder) noexcept {
  auto& unused = holder.unused_;
  for (unsigned passed = 0; passed < kPassedOver; ++passed) {
    visited();
    Held& first = unused.front();
    if (!first.used_again) return first;
    first.used_again = false;
    unused.splice(unused.end(), unused, unused.begin());
  }
  return unused.front();
}

// A holder changes its place rarely, so it is compared with its neighbours first.
template <typename Ranking>
void Holders::rank_anew(Ranking& ranking, Holder& holder) noexcept {
  const auto less = ranking.value_comp();
  const auto place = ranking.iterator_to(holder);
  const auto next = std::next(place);
  const bool is_in_place = (place == ranking.begin() || !less(holder, *std::prev(place))) &&
                           (next == ranking.end() || !less(*next, holder));
  if (is_in_place) return;
  ranking.erase(place);
  ranking.insert(holder);
}

void Holders::changed(Holder& holder) noexcept {
  holder.changed_ = ++changes_;
  if (!holder.can_give()) return;
  rank_anew(by_entries_, holder);
  rank_anew(by_bytes_, holder);
}

void Holders::link(Holder& holder, Held& entry) noexcept {
  if (!holder.can_give()) {
    by_entries_.insert(holder);
    by_bytes_.insert(holder);
  }
  entry.used_again = false;
  holder.unused_.push_back(entry);
}

void Holders::unlink(Holder& holder, Held& entry) noexcept {
  holder.unused_.erase(holder.unused_.iterator_to(entry));
  if (holder.can_give()) return;
  by_entries_.erase(by_entries_.iterator_to(holder));
  by_bytes_.erase(by_bytes_.iterator_to(holder));
}

}  // namespace scache::cache
