// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace scache::bench {

// Writes the error and exits: a faulty measurement has no result.
template <typename... Arguments>
[[noreturn]] void fail(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  fmt::print(stderr, "bench_load: {}\n", fmt::format(text, std::forward<Arguments>(arguments)...));
  std::exit(1);
}

}  // namespace scache::bench
