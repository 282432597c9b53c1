// SPDX-License-Identifier: Apache-2.0
#include "server/charge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "server/direct_fixture.hpp"

// The work of its requests ends a client's turn, whatever the requests are.

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using namespace test;
using direct::Kind;
using direct::Tag;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;
using ::testing::SizeIs;

class ChargeTest : public DirectSessionTest {
 protected:
  void bind(std::string_view destination, std::string_view properties, std::string_view endpoint) {
    service.save(caller, SaveDestination{10s, destination, properties, endpoint}, clock.now());
  }
  // Expects this many replies to buffered requests in each of two turns.
  void expect_turns_of(std::size_t least, std::size_t most, const std::string& request) {
    std::string bytes;
    while (bytes.size() + request.size() <= 60'000) bytes += request;
    EXPECT_TRUE(talk.client.send(bytes));
    // The first turn receives the input; the next one serves it.
    turn();
    for (int i = 0; i < 2; ++i) {
      talk.hear();
      turn();
      EXPECT_THAT(talk.hear(), SizeIs(AllOf(Ge(least), Le(most))));
    }
  }
};

TEST_F(ChargeTest, ManyThatCostLittle) {
  expect_turns_of(40, 140, frame(Kind::ping, 1));
}

TEST_F(ChargeTest, LookupsThatMiss) {
  expect_turns_of(40, 100, find_frame(1, "e"));
}

TEST_F(ChargeTest, LookupsAmongManyEmptyEndpoints) {
  for (int i = 0; i < 1'024; ++i) bind("d", "", std::to_string(i));
  expect_turns_of(4, 8, frame(Kind::find, 1, {{Tag::destination, "d"}}));
}

TEST_F(ChargeTest, PagesForWhichManyEntriesAreLookedAt) {
  for (int i = 0; i < 2'000; ++i) bind("d" + std::to_string(i), "", "e");
  expect_turns_of(1, 1, frame(Kind::list, 1, {{Tag::prefix, "x"}}));
}

TEST_F(ChargeTest, PagesOfManyBytes) {
  for (int i = 0; i < 10; ++i) bind("d", std::string(60'000, static_cast<char>('a' + i)), "e");
  expect_turns_of(0, 2, frame(Kind::list, 1));
}

TEST_F(ChargeTest, NamesThatAreLong) {
  expect_turns_of(0, 4, find_frame(1, std::string(16'000, 'e')));
}

}  // namespace
}  // namespace scache::server
