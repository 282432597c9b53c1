// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include <sys/random.h>

#include "base/check.hpp"

namespace scache::base {

std::uint64_t random_number() noexcept {
  std::uint64_t number = 0;
  check(::getrandom(&number, sizeof number, 0) == static_cast<ssize_t>(sizeof number),
        "the kernel has no random numbers");
  return number;
}

}  // namespace scache::base
