// SPDX-License-Identifier: Apache-2.0
#include "server/histories.hpp"

#include <exception>

namespace scache::server {

void Histories::keep(std::uint64_t cookie, const History& history) noexcept {
  if (cookie == 0) return;
  forget(cookie);
  try {
    table_.push_back({cookie, history});
  } catch (const std::exception&) {
    return;
  }
  if (table_.size() > most_) table_.pop_front();
}

std::optional<Histories::History> Histories::find(std::uint64_t cookie) const noexcept {
  const auto& by_cookie = table_.get<1>();
  const auto found = by_cookie.find(cookie);
  if (found == by_cookie.end()) return std::nullopt;
  return found->history;
}

}  // namespace scache::server
