// SPDX-License-Identifier: Apache-2.0
#include "ctl/table.hpp"

#include <gtest/gtest.h>

namespace scache::ctl {
namespace {

Table two_columns() {
  return Table{{{"NAME"}, {"COUNT", Table::Align::right}}};
}

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  Table table = two_columns();
  table.add({"a longer name", "1"});
  table.add({"b", "1234567"});
  EXPECT_EQ(table.text(false),
            "NAME             COUNT\n"
            "a longer name        1\n"
            "b              1234567\n");
}

TEST(Table, LinesHaveNoBlanksAtTheirEnd) {
  Table table{{{"A"}, {"B"}}};
  table.add({"1", ""});
  table.add({"2", "long"});
  EXPECT_EQ(table.text(false), "A  B\n1\n2  long\n");
}

TEST(Table, ColoursAreOfTheTitlesOnly) {
  Table table{{{"A"}}};
  table.add({"1"});
  EXPECT_EQ(table.text(true), "\x1b[1mA\x1b[0m\n1\n");
}

TEST(Table, CellsWithoutAColumnAreLeftOut) {
  Table table{{{"A"}}};
  EXPECT_TRUE(table.empty());
  table.add({"1", "2"});
  table.add({});
  EXPECT_FALSE(table.empty());
  EXPECT_EQ(table.text(false), "A\n1\n\n");
}

}  // namespace
}  // namespace scache::ctl
