// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/rooms.hpp"

namespace scache::base {

// A random number from the kernel (getrandom(2)), for keys. Aborts if that fails.
std::uint64_t random_number() noexcept;

}  // namespace scache::base
