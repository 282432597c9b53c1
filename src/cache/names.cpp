#include "cache/names.hpp"

#include "base/random.hpp"

namespace scache {

NameHash::NameHash() {
  for (auto& part : key_) part = random_number();
}

std::uint64_t NameHash::operator()(std::string_view name) const noexcept {
  return sip_hash(key_, name);
}

}  // namespace scache
