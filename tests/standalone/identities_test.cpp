// SPDX-License-Identifier: Apache-2.0
#include "standalone/identities.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "standalone/some_accounts.hpp"

namespace scache::standalone {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class IdentitiesTest : public testing::Test {
 protected:
  std::vector<Identity> users(const std::string& value) {
    const auto table = toml::parse("x = " + value);
    return read_identities(*table.get("x"), user_ids(some_accounts()), "access.users", "user",
                           complaints_);
  }
  std::vector<std::string> complaints() { return complaints_.take("f"); }

 private:
  Complaints complaints_;
};

TEST_F(IdentitiesTest, AreNamesOrNumbers) {
  const std::vector<Identity> all = users("['app', 0, 4294967294]");
  EXPECT_THAT(complaints(), IsEmpty());
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].number, 600u);
  EXPECT_EQ(all[2].number, 4'294'967'294u);
  EXPECT_EQ(show_identities(all), "[\"app\", 0, 4294967294]");
  EXPECT_EQ(show_identities({}), "[]");
  EXPECT_EQ(group_ids(some_accounts())("apps"), 70u);
}

TEST_F(IdentitiesTest, ThatAreWrongAreLeftOut) {
  const std::string wrong = "access.users must be the name or the number of a user";
  EXPECT_EQ(users("['nobody', -1, 4294967295, 1.5, 'app']").size(), 1u);
  EXPECT_THAT(complaints(),
              ElementsAre("f:1:6: access.users: unknown user \"nobody\"", "f:1:16: " + wrong,
                          "f:1:20: " + wrong, "f:1:32: " + wrong));
  EXPECT_THAT(users("'app'"), IsEmpty());
  EXPECT_THAT(complaints(), ElementsAre("f:1:5: access.users must be a list of users"));
}

}  // namespace
}  // namespace scache::standalone
