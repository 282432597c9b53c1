#pragma once

#include <cstdint>

namespace scache {

// A number that nobody can guess, from the kernel. Aborts where the kernel has none.
std::uint64_t random_number() noexcept;

}  // namespace scache
