#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.hpp"

namespace scache::postfix {

// A user of this machine.
struct Account {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

// Looks up mail_owner: a user that is not privileged and shares its number with none. `main_cf` is
// the path of the file that the error names.
Result<Account> find_mail_owner(const std::string& name, const std::string& main_cf);

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

// Raises the limit of open descriptors to its maximum and tells it.
Result<rlim_t> raise_descriptor_limit();

}  // namespace scache::postfix
