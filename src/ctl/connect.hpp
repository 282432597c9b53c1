// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <scache/connection.hpp>
#include <scache/result.hpp>
#include <string>

namespace scache::ctl {

// Opens a blocking TCP connection to the first address of the host that accepts one. `timeout`
// applies to each address, not to the name lookup.
Result<Descriptor> connect_to(const std::string& host, const std::string& port,
                              std::chrono::milliseconds timeout);

// Whether another program can use the connection: it has no unread input, and neither side has
// shut it down.
bool is_reusable(int descriptor) noexcept;

// Sets blocking mode: the previous owner may have set O_NONBLOCK.
void make_blocking(int descriptor) noexcept;

}  // namespace scache::ctl
