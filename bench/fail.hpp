#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace scache::bench {

// A measurement that went wrong is none: says why, and ends the program.
template <typename... Arguments>
[[noreturn]] void fail(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  fmt::print(stderr, "bench_load: {}\n", fmt::format(text, std::forward<Arguments>(arguments)...));
  std::exit(1);
}

}  // namespace scache::bench
