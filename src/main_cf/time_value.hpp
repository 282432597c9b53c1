// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/rooms.hpp"

namespace scache::main_cf {

// Parses a time of main.cf; returns nothing if the text is invalid. `default_unit` is the unit of a
// number without one: s, m, h, d or w.
std::optional<std::chrono::seconds> parse_time(const std::string& text, char default_unit);

}  // namespace scache::main_cf
