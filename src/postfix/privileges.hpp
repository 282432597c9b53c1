// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "main_cf/mail_owner.hpp"

namespace scache::postfix {

// The directory and the user of the server.
struct Jail {
  std::string queue_directory;
  bool chroot = false;
  // The user to change to, if any.
  std::optional<Account> owner;
};

// Changes to the queue directory, to it as the root directory if requested, and to the owner: the
// groups first, then the root directory, then the user. An unprivileged process that already runs
// as the owner changes no ids.
Result<void> enter_jail(const Jail& jail);

}  // namespace scache::postfix
