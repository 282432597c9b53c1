#pragma once

#include <cstdint>

#include "work.hpp"

// Works in the direct protocol.
namespace scache::bench {

// So many connections are saved, and each found again.
Work direct_save_and_find(std::uint32_t lanes);
// Nothing is found.
Work direct_miss();

}  // namespace scache::bench
