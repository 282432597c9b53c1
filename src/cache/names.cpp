// SPDX-License-Identifier: Apache-2.0
#include "cache/names.hpp"

#include "base/random.hpp"
#include "cache/hooks.hpp"

namespace scache::cache {

NameHash::NameHash() {
  for (auto& part : key_) part = random_number();
}

std::uint64_t NameHash::operator()(std::string_view name) const noexcept {
  const std::uint64_t hash = sip_hash(key_, name);
#ifdef SCACHE_TEST_HOOKS
  ++cache_hooks.hashes;
  if (cache_hooks.hash != nullptr) return cache_hooks.hash(hash);
#endif
  return hash;
}

}  // namespace scache::cache
