// SPDX-License-Identifier: Apache-2.0
#include "main_cf/host_name.hpp"

#include <gtest/gtest.h>

namespace scache::main_cf {
namespace {

TEST(HostName, TakesNames) {
  for (const char* name : {"a", "a.b", "a-b.c", "a_b.c", "1a", "1.a", "1-2"}) {
    EXPECT_EQ(host_name_complaint(name), std::nullopt) << name;
  }
}

TEST(HostName, SaysWhatIsWrong) {
  EXPECT_EQ(host_name_complaint(""), "valid_hostname: empty hostname");
  EXPECT_EQ(host_name_complaint("a."), "valid_hostname: misplaced delimiter: a.");
  EXPECT_EQ(host_name_complaint("a..b"), "valid_hostname: misplaced delimiter: a..b");
  EXPECT_EQ(host_name_complaint("-a"), "valid_hostname: misplaced hyphen: -a");
  EXPECT_EQ(host_name_complaint("a-.b"), "valid_hostname: misplaced hyphen: a-.b");
  EXPECT_EQ(host_name_complaint("1.2"), "valid_hostname: numeric hostname: 1.2");
  EXPECT_EQ(host_name_complaint("a b"), "valid_hostname: invalid character 32(decimal): a b");
  EXPECT_EQ(host_name_complaint("a\xff"), "valid_hostname: invalid character 255(decimal): a\xff");
}

TEST(HostName, LimitsLabelsTo63Bytes) {
  EXPECT_EQ(host_name_complaint(std::string(63, 'a') + ".b"), std::nullopt);
  const std::string name = std::string(64, 'a') + ".b";
  EXPECT_EQ(host_name_complaint(name), "valid_hostname: hostname label too long: " + name);
}

TEST(HostName, LimitsNamesTo255Bytes) {
  std::string name;
  while (name.size() < 252) name += "ab.";
  EXPECT_EQ(host_name_complaint(name + "abc"), std::nullopt);
  EXPECT_EQ(host_name_complaint(name + "abcd"),
            "valid_hostname: bad length 256 for " + name.substr(0, 100) + "...");
}

}  // namespace
}  // namespace scache::main_cf
