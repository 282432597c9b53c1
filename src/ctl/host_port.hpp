#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace scache::ctl {

// The two parts of HOST:PORT, where HOST may be an address of IPv6 in brackets, and PORT is a
// number or the name of a service. Both are empty where it is not of that form.
std::pair<std::string, std::string> split_host_port(std::string_view text);

}  // namespace scache::ctl
