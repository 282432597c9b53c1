#pragma once

#include <sys/resource.h>

#include "base/result.hpp"

namespace scache {

// Occupies the numbers 0, 1 and 2 where they are not open, so that nothing that is opened later is
// taken for standard error; and ignores the signals that must not end a server.
void prepare_process();

// Raises the limit of open descriptors to its maximum and tells it.
Result<rlim_t> raise_descriptor_limit();

}  // namespace scache
