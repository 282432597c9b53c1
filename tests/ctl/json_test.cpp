// SPDX-License-Identifier: Apache-2.0
#include "ctl/json.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace scache::ctl {
namespace {

using namespace std::string_literals;
using namespace std::chrono_literals;

TEST(Json, StatisticsAreOneObjectInTheirOrder) {
  const std::vector<Statistic> statistics{{"uptime_ms", 18'446'744'073'709'551'615U}, {"a", 0}};
  EXPECT_EQ(json_of(statistics), "{\"uptime_ms\":18446744073709551615,\"a\":0}\n");
  EXPECT_EQ(json_of(std::vector<Statistic>{}), "{}\n");
}

TEST(Json, AListHasConnectionsAndBindings) {
  const std::vector<Entry> entries{
      {.kind = Entry::Kind::binding,
       .endpoint = "e",
       .destination = "d",
       .properties = "p",
       .ttl = 2s},
      {.kind = Entry::Kind::connection,
       .endpoint = "e",
       .properties = "q",
       .ttl = 1s,
       .id = 7,
       .uses = 3,
       .age = 5s,
       .idle = 10ms,
       .owner = 1000},
  };
  EXPECT_EQ(json_of(entries),
            "{\"connections\":[{\"endpoint\":\"e\",\"properties\":\"q\",\"ttl_ms\":1000,\"id\":7,"
            "\"uses\":3,\"age_ms\":5000,\"idle_ms\":10,\"owner\":1000}],"
            "\"bindings\":[{\"destination\":\"d\",\"endpoint\":\"e\",\"properties\":\"p\","
            "\"ttl_ms\":2000}]}\n");
  EXPECT_EQ(json_of(std::vector<Entry>{}), "{\"connections\":[],\"bindings\":[]}\n");
}

TEST(Json, WhatIsNoUtf8IsAListOfBytes) {
  const std::vector<Entry> entries{
      {.kind = Entry::Kind::binding, .endpoint = "\xff\0"s, .destination = "\xc3\xa4\n\0"s}};
  EXPECT_EQ(json_of(entries),
            "{\"connections\":[],\"bindings\":[{\"destination\":\"\xc3\xa4\\n\\u0000\","
            "\"endpoint\":[255,0],\"properties\":\"\",\"ttl_ms\":0}]}\n");
}

TEST(Json, AnswersAreObjects) {
  EXPECT_EQ(json_of(Dropped{1, 2}), "{\"connections\":1,\"bindings\":2}\n");
  EXPECT_EQ(json_of(Saved{9, 1}), "{\"id\":9,\"bindings\":1}\n");
  EXPECT_EQ(json_of("scache 1", 83us), "{\"server\":\"scache 1\",\"microseconds\":83}\n");
}

}  // namespace
}  // namespace scache::ctl
