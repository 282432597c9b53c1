// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <scache/connection.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace scache::ctl {

// The environment of a program that gets the connection, as NAME=VALUE: `inherited`, with the UCSPI
// variables (PROTO, TCPREMOTEIP and so on), SCACHE_ENDPOINT, SCACHE_PROPERTIES,
// SCACHE_DESTINATION_PROPERTIES and SCACHE_USES replaced. `host` is the peer's name, empty if
// unknown.
std::vector<std::string> connection_environment(const char* const* inherited,
                                                const Connection& connection,
                                                std::string_view host);

// A longer value is not passed: the kernel limits a variable to 131,072 bytes.
inline constexpr std::size_t kMaxVariable = 65'536;

}  // namespace scache::ctl
