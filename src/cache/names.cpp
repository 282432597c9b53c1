#include "cache/names.hpp"

#include <sys/random.h>

#include <cstdlib>

namespace scache {

NameHash::NameHash() {
  // 16 bytes arrive whole or not at all, and only before the kernel's pool is ready not at once.
  if (::getrandom(key_.data(), sizeof key_, 0) != static_cast<ssize_t>(sizeof key_)) std::abort();
}

std::uint64_t NameHash::operator()(std::string_view name) const noexcept {
  return sip_hash(key_, name);
}

}  // namespace scache
