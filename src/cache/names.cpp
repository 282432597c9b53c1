#include "cache/names.hpp"

#include <sodium/crypto_shorthash.h>
#include <sys/random.h>

#include <cstdlib>

namespace scache {

static_assert(crypto_shorthash_KEYBYTES == 16);
static_assert(crypto_shorthash_BYTES == sizeof(std::uint64_t));

NameHash::NameHash() {
  // 16 bytes arrive whole or not at all, and only before the kernel's pool is ready not at once.
  if (::getrandom(key_.data(), key_.size(), 0) != static_cast<ssize_t>(key_.size())) std::abort();
}

std::uint64_t NameHash::operator()(std::string_view name) const noexcept {
  std::uint64_t hash = 0;
  crypto_shorthash(reinterpret_cast<unsigned char*>(&hash),
                   reinterpret_cast<const unsigned char*>(name.data()), name.size(), key_.data());
  return hash;
}

}  // namespace scache
