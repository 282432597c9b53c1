#include "postfix/mail_owner.hpp"

#include <fmt/format.h>
#include <pwd.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace scache::postfix {
namespace {

// Calls one of the reentrant look-ups with a buffer that grows until the entry fits.
template <typename Look>
std::optional<Account> look_up(const Look& look) {
  constexpr std::size_t kLargestEntry = 1024 * 1024;
  passwd entry{};
  passwd* found = nullptr;
  for (std::size_t size = 1024; size <= kLargestEntry; size *= 2) {
    std::vector<char> buffer(size);
    const int status = look(&entry, buffer.data(), buffer.size(), &found);
    if (status == ERANGE) continue;
    if (found == nullptr) return std::nullopt;
    return Account{found->pw_name, found->pw_uid, found->pw_gid};
  }
  return std::nullopt;
}

}  // namespace

Accounts system_accounts() {
  return {
      .named =
          [](const std::string& name) {
            return look_up([&](passwd* entry, char* buffer, std::size_t size, passwd** found) {
              return ::getpwnam_r(name.c_str(), entry, buffer, size, found);
            });
          },
      .numbered =
          [](uid_t uid) {
            return look_up([&](passwd* entry, char* buffer, std::size_t size, passwd** found) {
              return ::getpwuid_r(uid, entry, buffer, size, found);
            });
          },
  };
}

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

}  // namespace scache::postfix
