// SPDX-License-Identifier: Apache-2.0
#include "standalone/configuration_values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace scache::standalone {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ConfigurationValues : public ::testing::Test {
 protected:
  // The value of `x`.
  const toml::node& value(std::string_view text) {
    table_ = toml::parse("x = " + std::string{text});
    return *table_.get("x");
  }
  std::vector<std::string> taken() {
    auto taken = complaints.take("f");
    complaints = {};
    return taken;
  }

  Complaints complaints;

 private:
  toml::table table_;
};

TEST_F(ConfigurationValues, ATimeHasLimits) {
  const auto read = [&](std::string_view text) {
    return read_duration(value(text), "t.x", 1s, 1h, complaints);
  };
  EXPECT_EQ(read("'1s'"), 1s);
  EXPECT_EQ(read("'1h'"), 1h);
  EXPECT_THAT(taken(), IsEmpty());
  EXPECT_FALSE(read("'999ms'"));
  EXPECT_FALSE(read("'61m'"));
  const std::string limits = "f:1:5: t.x must be from 1s to 1h";
  EXPECT_THAT(taken(), ElementsAre(limits, limits));
  EXPECT_FALSE(read("5"));
  EXPECT_THAT(taken(), ElementsAre("f:1:5: t.x must be a time such as \"100ms\", \"30s\", \"5m\""));
}

TEST_F(ConfigurationValues, ACountHasLimits) {
  const auto read = [&](std::string_view text, std::size_t most) {
    return read_count(value(text), "t.x", 1, most, complaints);
  };
  EXPECT_EQ(read("1", 5), 1u);
  EXPECT_EQ(read("5", 5), 5u);
  EXPECT_EQ(read("9223372036854775807", kAnyCount), kAnyCount);
  EXPECT_THAT(taken(), IsEmpty());
  EXPECT_FALSE(read("0", 5));
  EXPECT_FALSE(read("0", kAnyCount));
  EXPECT_FALSE(read("'1'", 5));
  EXPECT_THAT(taken(), ElementsAre("f:1:5: t.x must be from 1 to 5", "f:1:5: t.x must be 1 or more",
                                   "f:1:5: t.x must be a whole number"));
}

TEST_F(ConfigurationValues, BytesAreTextOrNumbers) {
  const auto read = [&](std::string_view text) {
    return read_bytes(value(text), "t.x", 3, complaints);
  };
  EXPECT_EQ(read("'abc'"), "abc");
  EXPECT_EQ(read("[0, 255]"), "\0\xff"s);
  EXPECT_EQ(read("''"), "");
  EXPECT_THAT(taken(), IsEmpty());
  for (const char* wrong : {"'abcd'", "[256]", "[-1]", "['a']", "true"}) {
    EXPECT_FALSE(read(wrong)) << wrong;
    EXPECT_THAT(taken(), ElementsAre("f:1:5: t.x must be a string, or a list of numbers from 0 to "
                                     "255, of at most 3 bytes"));
  }
}

TEST_F(ConfigurationValues, BytesAreShownAsTheyAreRead) {
  for (const std::string& bytes : {""s, "a\r\n"s, "\0"s, "\"\\"s, "\0\xff"s}) {
    EXPECT_EQ(read_bytes(value(show_bytes(bytes)), "t.x", 9, complaints), bytes);
  }
  EXPECT_EQ(show_bytes("ab"), "\"ab\"");
  EXPECT_EQ(show_bytes("a\xff"), "[97, 255]");
}

TEST_F(ConfigurationValues, ATableHasAPattern) {
  EXPECT_EQ(read_endpoint(toml::parse("endpoint = 'a*'"), "rule", complaints), "a*");
  EXPECT_THAT(taken(), IsEmpty());
  read_endpoint(toml::parse("endpoint = 5"), "rule", complaints);
  EXPECT_THAT(taken(), ElementsAre("f:1:12: rule.endpoint must be a pattern such as \"smtp*\""));
}

}  // namespace
}  // namespace scache::standalone
