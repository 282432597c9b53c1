#pragma once

#include <cstdint>

namespace scache {

// A random number from the kernel (getrandom(2)), for keys. Aborts if that fails.
std::uint64_t random_number() noexcept;

}  // namespace scache
