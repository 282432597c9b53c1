// SPDX-License-Identifier: Apache-2.0
#include "server/rights.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>

namespace scache::server {
namespace {

constexpr std::array kEach{Action::save, Action::find, Action::list, Action::drop,
                           Action::statistics};

Actions actions(std::initializer_list<Action> some) {
  Actions all;
  for (const Action each : some) all.add(each);
  return all;
}

TEST(Actions, AreThoseThatWereAdded) {
  EXPECT_TRUE(Actions{}.empty());
  for (const Action each : kEach) {
    EXPECT_TRUE(Actions::all().has(each));
    EXPECT_FALSE(Actions{}.has(each));
    EXPECT_EQ(actions({Action::find, Action::drop}).has(each),
              each == Action::find || each == Action::drop);
  }
}

TEST(Rights, AreAllOrNone) {
  EXPECT_FALSE(Rights::all().none());
  EXPECT_TRUE(Rights{}.none());
  for (const Action each : kEach) {
    EXPECT_TRUE(Rights::all().allow(each, "e"));
    EXPECT_TRUE(Rights::all().allow(each));
    EXPECT_FALSE(Rights{}.allow(each, "e"));
    EXPECT_FALSE(Rights{}.allow(each));
  }
}

TEST(Rights, AreTheSumOfTheirGrants) {
  Rights rights;
  rights.add(std::make_shared<Grant>(
      Grant{.actions = actions({Action::find}), .names = {"web:*", "db:?"}}));
  rights.add(std::make_shared<Grant>(Grant{.actions = actions({Action::save}), .names = {"db:*"}}));
  EXPECT_FALSE(rights.none());
  EXPECT_TRUE(rights.allow(Action::find, "web:1"));
  EXPECT_TRUE(rights.allow(Action::find, "db:1"));
  EXPECT_FALSE(rights.allow(Action::find, "db:12"));
  EXPECT_TRUE(rights.allow(Action::save, "db:12"));
  EXPECT_FALSE(rights.allow(Action::save, "web:1"));
  EXPECT_FALSE(rights.allow(Action::drop, "db:1"));
  EXPECT_TRUE(rights.allow(Action::save));
  EXPECT_FALSE(rights.allow(Action::drop));
}

TEST(Rights, OfAGrantAreForEveryNameByDefault) {
  Rights rights;
  rights.add(std::make_shared<Grant>());
  for (const Action each : kEach) EXPECT_TRUE(rights.allow(each, "any"));
}

TEST(ActionWords, DifferFromEachOther) {
  for (const Action one : kEach) {
    for (const Action other : kEach) {
      EXPECT_EQ(words_of(one) == words_of(other), one == other);
    }
  }
}

}  // namespace
}  // namespace scache::server
