// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::base {

// In a user namespace the kernel shows all unmapped users and groups as the overflow ids (65534).
// An overflow id then identifies no user or group. Empty if all users, or all groups, are mapped.
struct OverflowIds {
  std::optional<uid_t> user;
  std::optional<gid_t> group;
};

// The overflow ids of this process. If /proc cannot be read, unmapped ids are assumed to exist.
OverflowIds overflow_ids();

// Whether the text of /proc/PID/uid_map or gid_map maps every id.
bool maps_every_id(std::string_view map);

}  // namespace scache::base
