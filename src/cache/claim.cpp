// SPDX-License-Identifier: Apache-2.0
#include "cache/claim.hpp"

#include <utility>

#include "cache/cache.hpp"

namespace scache::cache {

Claim::~Claim() {
  if (connection_ != nullptr) cache_->put_back(*connection_);
}

ConnectionRecord Claim::record() const noexcept {
  return connection_->record();
}

void Claim::commit() noexcept {
  leave(Departure::found);
}
void Claim::discard() noexcept {
  leave(Departure::dead);
}
void Claim::withdraw() noexcept {
  leave(Departure::withdrawn);
}

void Claim::leave(Departure why) noexcept {
  Connection& connection = *std::exchange(connection_, nullptr);
  --connection.endpoint->claims;
  cache_->leave(connection, why);
}

}  // namespace scache::cache
