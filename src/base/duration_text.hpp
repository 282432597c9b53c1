#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// A time as people write it: a whole number and a unit, "100ms", "30s", "5m",
// "1h", "7d". Nothing where it is not of that form, or longer than a Duration can be.
std::optional<Duration> parse_duration(std::string_view text) noexcept;

// The same in the largest unit that leaves no rest; parts of a millisecond are not shown.
std::string show_duration(Duration time);

}  // namespace scache::base
