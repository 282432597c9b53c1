// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "base/result.hpp"
#include "server/capacity.hpp"

namespace scache::standalone {

// Divides the descriptors like Capacity, with the configured numbers of clients and connections;
// zero means the default. An error if there are too few descriptors.
Result<Capacity> share_out(std::size_t descriptors, std::size_t clients, std::size_t connections);

}  // namespace scache::standalone
