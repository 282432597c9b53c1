// SPDX-License-Identifier: Apache-2.0
#include "base/memory_return.hpp"

#include <malloc.h>

namespace scache::base {

void return_free_memory() noexcept {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace scache::base
