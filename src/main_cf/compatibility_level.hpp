#pragma once

#include <optional>
#include <string>

#include "base/rooms.hpp"

namespace scache::main_cf {

// Reads a compatibility level, `major[.minor[.patch]]`, as a number that orders levels; nothing
// where it is none.
std::optional<long> parse_compatibility_level(const std::string& text);

}  // namespace scache::main_cf
