// SPDX-License-Identifier: Apache-2.0
#include "standalone/socket_values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "standalone/some_accounts.hpp"

namespace scache::standalone {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SocketValuesTest : public ::testing::Test {
 protected:
  const toml::node& value(const std::string& text) {
    table_ = toml::parse("x = " + text);
    return *table_.get("x");
  }
  std::vector<std::string> complained() { return complaints.take("f"); }

  Complaints complaints;

 private:
  toml::table table_;
};

TEST_F(SocketValuesTest, APathIsAbsoluteAndFitsIntoAnAddress) {
  const std::string longest = "/" + std::string(106, 'x');
  EXPECT_EQ(read_socket_path(value("'" + longest + "'"), "k", complaints), longest);
  EXPECT_THAT(complained(), IsEmpty());
  for (const std::string& wrong : {"'" + longest + "x'", std::string{"'x'"}, std::string{"5"},
                                   std::string{"\"/a\\u0000b\""}}) {
    EXPECT_FALSE(read_socket_path(value(wrong), "k", complaints)) << wrong;
    EXPECT_THAT(complained(),
                ElementsAre("f:1:5: k must be an absolute path of at most 107 bytes"));
  }
}

TEST_F(SocketValuesTest, AModeIsAnOctalNumber) {
  EXPECT_EQ(read_mode(value("'0777'"), "k", complaints), mode_t{0777});
  EXPECT_EQ(read_mode(value("'640'"), "k", complaints), mode_t{0640});
  EXPECT_EQ(show_mode(0640), "\"0640\"");
  EXPECT_THAT(complained(), IsEmpty());
  for (const std::string wrong : {"'1777'", "'08'", "'0800'", "'60'", "640"}) {
    EXPECT_FALSE(read_mode(value(wrong), "k", complaints)) << wrong;
    EXPECT_THAT(complained(),
                ElementsAre("f:1:5: k must be an octal number from \"0000\" to \"0777\""));
  }
}

TEST_F(SocketValuesTest, AnOwnerMayBeNobody) {
  const LookUpId look = user_ids(some_accounts());
  EXPECT_EQ(read_owner(value("'app'"), look, "k", "user", complaints)->number, 600U);
  EXPECT_FALSE(read_owner(value("''"), look, "k", "user", complaints));
  EXPECT_THAT(complained(), IsEmpty());
  EXPECT_FALSE(read_owner(value("'nobody'"), look, "k", "user", complaints));
  EXPECT_THAT(complained(), ElementsAre("f:1:5: k: unknown user \"nobody\""));
  EXPECT_EQ(show_owner({}), "\"\"");
  EXPECT_EQ(show_owner(Identity{"app", 600}), "\"app\"");
}

}  // namespace
}  // namespace scache::standalone
