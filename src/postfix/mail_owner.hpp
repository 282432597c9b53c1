#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace scache::postfix {

// A user of the machine.
struct Account {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

// How users are looked up.
struct Accounts {
  std::function<std::optional<Account>(const std::string& name)> named;
  std::function<std::optional<Account>(uid_t uid)> numbered;
};

// The machine's own users.
Accounts system_accounts();

// The user that programs without privileges run as. It must exist, be nobody with privileges, and
// be the user that its user id names. The error has no file name in front yet.
Result<Account> find_mail_owner(const std::string& name, const Accounts& accounts);

}  // namespace scache::postfix
