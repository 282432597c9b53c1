// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/accounts.hpp"

namespace scache::standalone {

// A machine with one user, `app` (600), and one group, `apps` (70).
inline Accounts some_accounts() {
  return {.named = [](const std::string& name) -> std::optional<Account> {
            if (name != "app") return std::nullopt;
            return Account{"app", 600, 70};
          },
          .numbered = [](uid_t) -> std::optional<Account> { return std::nullopt; },
          .group_named = [](const std::string& name) -> std::optional<gid_t> {
            if (name != "apps") return std::nullopt;
            return gid_t{70};
          }};
}

}  // namespace scache::standalone
