#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "main_cf/mail_owner.hpp"

namespace scache::postfix {

// Where and as whom the server runs.
struct Jail {
  std::string queue_directory;
  bool chroot = false;
  // The user to become; without one the process stays who it is.
  std::optional<Account> owner;
};

// Goes to the queue directory, makes it the root directory where that is wanted, and becomes the
// owner: groups first, then the root directory, then the user. A process that is not privileged
// and already is the owner has nothing to give up.
Result<void> enter_jail(const Jail& jail);

}  // namespace scache::postfix
