#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

// Names and properties are any bytes. People see and type printable ASCII as it is, and the rest as
// \n, \t, \\ and \xHH, so that whatever is shown can be given back.
namespace scache::ctl {

std::string show_bytes(std::string_view bytes);

// The bytes that a text stands for; nothing where it has a backslash that means nothing.
std::optional<std::string> read_bytes(std::string_view text);

// The same of a pattern (base/glob.hpp), whose own backslashes stay: `\*` is a star.
std::optional<std::string> read_pattern(std::string_view text);

// What every name begins with that a pattern matches.
std::string literal_prefix(std::string_view pattern);

// A time for people, with two units at the most: "850ms", "29.8s", "5m12s", "3h05m", "2d04h".
std::string show_time(std::chrono::milliseconds time);

}  // namespace scache::ctl
