// SPDX-License-Identifier: Apache-2.0
#include "postfix/privileges.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <filesystem>

#include "postfix/scratch.hpp"

namespace scache::postfix {
namespace {

std::string enter(const Jail& jail) {
  const auto entered = enter_jail(jail);
  return entered ? "" : entered.error().text;
}

// The user, the groups and the directory of this process.
std::string who_and_where() {
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  ::getresuid(&real, &effective, &saved);
  gid_t group = 0;
  const int groups = ::getgroups(1, &group);
  return fmt::format("{}/{}/{} {} {}x{} {}", real, effective, saved, ::getegid(), groups, group,
                     std::filesystem::current_path().string());
}

// An account that is not root.
Account somebody() {
  const passwd* entry = ::getpwnam("daemon");
  return {"daemon", entry->pw_uid, entry->pw_gid};
}

Account myself() {
  return {"myself", ::getuid(), ::getgid()};
}

bool is_root() {
  return ::geteuid() == 0;
}

TEST(Jail, ChangesToTheQueueDirectory) {
  ScratchDirectory scratch;
  EXPECT_EQ(in_child([&] {
              const std::string error = enter({scratch.path(), false, std::nullopt});
              return error.empty() ? std::filesystem::current_path().string() : error;
            }),
            std::filesystem::canonical(scratch.path()).string());
}

TEST(Jail, NamesAQueueDirectoryThatIsMissing) {
  EXPECT_EQ(in_child([] { return enter({"/nonexistent/queue", false, std::nullopt}); }),
            "chdir(\"/nonexistent/queue\"): No such file or directory");
}

TEST(Jail, MakesRootTheOwnerAndKeepsOthersFromIt) {
  ScratchDirectory scratch;
  ::chmod(scratch.path().c_str(), 0755);
  const Account owner = somebody();
  const std::string said = in_child([&] {
    const std::string error = enter({scratch.path(), true, owner});
    return error.empty() ? who_and_where() : error;
  });
  if (is_root()) {
    EXPECT_EQ(said, fmt::format("{0}/{0}/{0} {1} 1x{1} /", owner.uid, owner.gid));
  } else {
    EXPECT_EQ(said, fmt::format("setgid({}): Operation not permitted", owner.gid));
  }
}

TEST(Jail, HasNothingToGiveUpWhereTheOwnerStartedIt) {
  const std::string said = in_child([] {
    if (is_root() && (::setgroups(0, nullptr) != 0 || ::setgid(somebody().gid) != 0 ||
                      ::setuid(somebody().uid) != 0))
      return std::string{"cannot become somebody"};
    return enter({"/", false, myself()});
  });
  EXPECT_EQ(said, "");
}

TEST(Jail, IsClosedToOwnersWhoAreNotRoot) {
  const std::string said = in_child([] {
    if (is_root() && (::setgid(somebody().gid) != 0 || ::setuid(somebody().uid) != 0))
      return std::string{"cannot become somebody"};
    return enter({"/tmp", true, myself()});
  });
  EXPECT_EQ(said, "chroot(/tmp): Operation not permitted");
}

}  // namespace
}  // namespace scache::postfix
