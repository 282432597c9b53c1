// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/rooms.hpp"

namespace scache::main_cf {

// Parses a compatibility level, `major[.minor[.patch]]`, into a number with the same order. Returns
// nothing if the text is not a level.
std::optional<long> parse_compatibility_level(const std::string& text);

}  // namespace scache::main_cf
