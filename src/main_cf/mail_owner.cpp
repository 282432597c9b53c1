// SPDX-License-Identifier: Apache-2.0
#include "main_cf/mail_owner.hpp"

#include <fmt/format.h>

#include <utility>

namespace scache::main_cf {

Result<Account> find_mail_owner(const std::string& name, const Accounts& accounts) {
  const auto failure = [](std::string text) {
    return std::unexpected(Error{"parameter mail_owner: " + std::move(text)});
  };
  const auto owner = accounts.named(name);
  if (!owner) return failure(fmt::format("unknown user name value: {}", name));
  if (owner->uid == 0) return failure(fmt::format("user {} has privileged user ID", name));
  if (owner->gid == 0) return failure(fmt::format("user {} has privileged group ID", name));
  const auto namesake = accounts.numbered(owner->uid);
  if (namesake && namesake->name != name) {
    return failure(fmt::format("user {} has same user ID as {}", name, namesake->name));
  }
  return *owner;
}

}  // namespace scache::main_cf
