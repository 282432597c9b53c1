#pragma once

#include <string>

#include "base/accounts.hpp"
#include "base/result.hpp"

namespace scache::main_cf {

// The user that programs without privileges run as. It must exist, be nobody with privileges, and
// be the user that its user id names. The error has no file name in front yet.
Result<Account> find_mail_owner(const std::string& name, const Accounts& accounts);

}  // namespace scache::main_cf
