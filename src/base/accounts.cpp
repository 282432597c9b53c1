// SPDX-License-Identifier: Apache-2.0
#include "base/accounts.hpp"

#include <grp.h>
#include <pwd.h>

#include <cerrno>
#include <cstddef>
#include <vector>

namespace scache::base {
namespace {

// Calls one of the reentrant look-ups with a buffer that grows until the entry fits.
template <typename Entry, typename Look>
std::optional<Entry> look_up(std::vector<char>& buffer, const Look& look) {
  constexpr std::size_t kLargestEntry = 1024 * 1024;
  Entry entry{};
  Entry* found = nullptr;
  for (std::size_t size = 1024; size <= kLargestEntry; size *= 2) {
    buffer.resize(size);
    const int status = look(&entry, buffer.data(), buffer.size(), &found);
    if (status == ERANGE) continue;
    return found == nullptr ? std::nullopt : std::optional{entry};
  }
  return std::nullopt;
}

template <typename Look>
std::optional<Account> user(const Look& look) {
  std::vector<char> buffer;
  const auto entry = look_up<passwd>(buffer, look);
  if (!entry) return std::nullopt;
  return Account{entry->pw_name, entry->pw_uid, entry->pw_gid};
}

}  // namespace

Accounts system_accounts() {
  return {
      .named =
          [](const std::string& name) {
            return user([&](passwd* entry, char* buffer, std::size_t size, passwd** found) {
              return ::getpwnam_r(name.c_str(), entry, buffer, size, found);
            });
          },
      .numbered =
          [](uid_t uid) {
            return user([&](passwd* entry, char* buffer, std::size_t size, passwd** found) {
              return ::getpwuid_r(uid, entry, buffer, size, found);
            });
          },
      .group_named = [](const std::string& name) -> std::optional<gid_t> {
        std::vector<char> memory;
        const auto entry =
            look_up<group>(memory, [&](group* into, char* buffer, std::size_t size, group** found) {
              return ::getgrnam_r(name.c_str(), into, buffer, size, found);
            });
        if (!entry) return std::nullopt;
        return entry->gr_gid;
      },
  };
}

}  // namespace scache::base
