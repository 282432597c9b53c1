// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/rooms.hpp"
#include "io/task.hpp"
#include "server/service.hpp"
#include "server/under_way.hpp"

namespace scache::server {

// Requests to drop many entries. They proceed in steps, so that a large drop does not delay other
// requests, and do not remove entries that are saved after the call.

// Entries examined in one step.
inline constexpr std::size_t kEntriesOfStep = 128;

struct Dropped {
  std::uint64_t connections = 0;
  std::uint64_t bindings = 0;
};

// Drops the connections of an endpoint.
Task<Dropped> drop_endpoint(Service& service, UnderWay& under_way, std::string endpoint);
// Drops the connections and bindings whose name begins with a prefix, except those that the caller
// may not drop. The caller must outlive the task.
Task<Dropped> drop_prefix(Service& service, const Caller& caller, UnderWay& under_way,
                          std::string prefix);

}  // namespace scache::server
