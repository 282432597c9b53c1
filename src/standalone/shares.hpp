#pragma once

#include <cstddef>

#include "base/result.hpp"
#include "server/capacity.hpp"

namespace scache::standalone {

// Shares descriptors out as Capacity does, with `clients` and `connections` as they are wanted;
// zero for as many as there is room for. An error where there are too few descriptors.
Result<Capacity> share_out(std::size_t descriptors, std::size_t clients, std::size_t connections);

}  // namespace scache::standalone
