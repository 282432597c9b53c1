// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

#include "base/rooms.hpp"

namespace scache::base {

// A user of the machine.
struct Account {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

// How users and groups are looked up.
struct Accounts {
  std::function<std::optional<Account>(const std::string& name)> named;
  std::function<std::optional<Account>(uid_t uid)> numbered;
  std::function<std::optional<gid_t>(const std::string& name)> group_named{};
};

// The accounts of the system (getpwnam(3), getgrnam(3)).
Accounts system_accounts();

}  // namespace scache::base
