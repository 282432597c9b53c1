// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

// Names and properties are any bytes. They are printed and read as printable ASCII with the escape
// sequences \n, \t, \\ and \xHH, so output can be used as input.
namespace scache::ctl {

std::string show_bytes(std::string_view bytes);

// The bytes of a text; nothing if it has an invalid escape sequence.
std::optional<std::string> read_bytes(std::string_view text);

// The same for a pattern (base/glob.hpp), which keeps its own escapes: `\*` is a star.
std::optional<std::string> read_pattern(std::string_view text);

// The common prefix of all names that the pattern matches.
std::string literal_prefix(std::string_view pattern);

// A time with at most two units: "850ms", "29.8s", "5m12s", "3h05m", "2d04h".
std::string show_time(std::chrono::milliseconds time);

}  // namespace scache::ctl
