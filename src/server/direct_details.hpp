// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/log.hpp"
#include "wire/direct_request.hpp"

namespace scache::server {

// Logs a request that only the direct protocol has. Service logs the others.
void log_details(Log& log, const direct::Request& request) noexcept;

}  // namespace scache::server
