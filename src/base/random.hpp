#pragma once

#include <cstdint>

#include "base/rooms.hpp"

namespace scache::base {

// A number that nobody can guess, from the kernel. Aborts where the kernel has none.
std::uint64_t random_number() noexcept;

}  // namespace scache::base
