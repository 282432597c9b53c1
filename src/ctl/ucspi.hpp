#pragma once

#include <scache/connection.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace scache::ctl {

// The environment of a program that is given a connection: `inherited`, in which the variables of
// UCSPI (PROTO, TCPREMOTEIP and so on) and of SCACHE_ENDPOINT, SCACHE_PROPERTIES,
// SCACHE_DESTINATION_PROPERTIES and SCACHE_USES are replaced by those of the connection. `host` is
// the peer's name, empty where it is not known. Each is NAME=VALUE.
std::vector<std::string> connection_environment(const char* const* inherited,
                                                const Connection& connection,
                                                std::string_view host);

// Properties longer than this, as they are shown, are no variable: the kernel takes 131,072 bytes.
inline constexpr std::size_t kMaxVariable = 65'536;

}  // namespace scache::ctl
