// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace scache::ctl {

// The two parts of HOST:PORT, where HOST may be an IPv6 address in brackets, and PORT is a number
// or the name of a service. Both are empty if the text is invalid.
std::pair<std::string, std::string> split_host_port(std::string_view text);

}  // namespace scache::ctl
