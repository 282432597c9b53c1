// SPDX-License-Identifier: Apache-2.0
#include "main_cf/mail_owner.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace scache::main_cf {
namespace {

Accounts accounts_of(std::vector<Account> users) {
  const auto first = [users](auto matches) -> std::optional<Account> {
    const auto found = std::ranges::find_if(users, matches);
    return found == users.end() ? std::nullopt : std::optional{*found};
  };
  return {
      .named =
          [first](const std::string& name) {
            return first([&](const Account& user) { return user.name == name; });
          },
      .numbered =
          [first](uid_t uid) {
            return first([&](const Account& user) { return user.uid == uid; });
          },
  };
}

const Accounts kAccounts = accounts_of(
    {{"root", 0, 0}, {"wheel", 5, 0}, {"mail", 8, 8}, {"twin", 8, 9}, {"postfix", 100, 101}});

TEST(MailOwner, IsTheUserOfThatName) {
  const auto owner = find_mail_owner("postfix", kAccounts);
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->name, "postfix");
  EXPECT_EQ(owner->uid, 100u);
  EXPECT_EQ(owner->gid, 101u);
}

TEST(MailOwner, MustBeAUserOfItsOwnWithoutPrivileges) {
  const auto error = [](const char* name) { return find_mail_owner(name, kAccounts).error().text; };
  EXPECT_EQ(error("nobody"), "parameter mail_owner: unknown user name value: nobody");
  EXPECT_EQ(error("root"), "parameter mail_owner: user root has privileged user ID");
  EXPECT_EQ(error("wheel"), "parameter mail_owner: user wheel has privileged group ID");
  EXPECT_EQ(error("twin"), "parameter mail_owner: user twin has same user ID as mail");
}

}  // namespace
}  // namespace scache::main_cf
