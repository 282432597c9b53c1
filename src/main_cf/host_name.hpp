// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::main_cf {

// Why `name` is not a valid name of a host or domain; nothing if it is valid.
std::optional<std::string> host_name_complaint(std::string_view name);

// The name of this machine, from gethostname(2).
std::string own_host_name();

}  // namespace scache::main_cf
