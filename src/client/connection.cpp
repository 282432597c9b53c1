// SPDX-License-Identifier: Apache-2.0
#include <scache/connection.hpp>

#include "base/fd.hpp"

namespace scache {
inline namespace v0 {

void Descriptor::reset(int number) noexcept {
  const base::Fd old{std::exchange(number_, number)};
}

}  // namespace v0
}  // namespace scache
