#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::base {

// In a user namespace the kernel shows all users and groups that have no number there as one user
// and one group, the overflow ids (65534). These two stand for anybody, then; nothing where every
// user, or every group, has a number.
struct OverflowIds {
  std::optional<uid_t> user;
  std::optional<gid_t> group;
};

// This process's. Where /proc does not say, it is assumed that some have no number.
OverflowIds overflow_ids();

// Whether the text of /proc/PID/uid_map or gid_map gives every id a number.
bool maps_every_id(std::string_view map);

}  // namespace scache::base
