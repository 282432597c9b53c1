// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/accounts.hpp"
#include "base/result.hpp"

namespace scache::main_cf {

// The user of unprivileged programs. It must exist, must be unprivileged, and must be the user to
// which its user id maps. The error lacks the file name, which the caller adds.
Result<Account> find_mail_owner(const std::string& name, const Accounts& accounts);

}  // namespace scache::main_cf
