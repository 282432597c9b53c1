// SPDX-License-Identifier: Apache-2.0
#include "wire/attribute_writer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace scache::wire {
namespace {

using namespace std::string_literals;

TEST(AttributeWriterTest, WritesNamesAndValuesEachWithItsNul) {
  std::string out;
  AttributeWriter{out}.put("status", "0").put("property", "a\nb").end();
  EXPECT_EQ(out, "status\0000\0property\0a\nb\0\0"s);
}

TEST(AttributeWriterTest, AListMayBeEmpty) {
  std::string out;
  AttributeWriter{out}.end();
  EXPECT_EQ(out, "\0"s);
}

TEST(AttributeWriterTest, ValuesMayBeEmpty) {
  std::string out;
  AttributeWriter{out}.put("dummy", "").end();
  EXPECT_EQ(out, "dummy\0\0\0"s);
}

TEST(AttributeWriterTest, AppendsToWhatIsThere) {
  std::string out = "before";
  AttributeWriter{out}.put("a", "b").end();
  EXPECT_EQ(out, "beforea\0b\0\0"s);
}

}  // namespace
}  // namespace scache::wire
