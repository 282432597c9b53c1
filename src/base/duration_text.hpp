// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// Parses a whole number and a unit: "100ms", "30s", "5m", "1h", "7d". Returns nothing if the text
// has another form, or exceeds the range of Duration.
std::optional<Duration> parse_duration(std::string_view text) noexcept;

// Formats a time in the largest unit that divides it; fractions of a millisecond are dropped.
std::string show_duration(Duration time);

}  // namespace scache::base
