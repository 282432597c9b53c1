// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::main_cf {

// The number of a syslog facility. "kern" is the mail facility: Postfix hands syslog(3) a zero for
// it, and a zero there means the default.
std::optional<int> facility_by_name(std::string_view name) noexcept;

}  // namespace scache::main_cf
