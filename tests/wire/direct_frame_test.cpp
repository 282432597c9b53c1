// SPDX-License-Identifier: Apache-2.0
#include "wire/direct_frame.hpp"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "wire/direct_vectors.hpp"

namespace scache::wire::direct {
namespace {

using nlohmann::json;
using namespace std::string_literals;

Tag tag_of(const std::string& name) {
  static const std::map<std::string, Tag> kTags{
      {"endpoint", Tag::endpoint},
      {"destination", Tag::destination},
      {"endpoint_properties", Tag::endpoint_properties},
      {"destination_properties", Tag::destination_properties},
      {"ttl", Tag::ttl},
      {"binding", Tag::binding},
      {"connection", Tag::connection},
      {"uses", Tag::uses},
      {"age", Tag::age},
      {"idle", Tag::idle},
      {"prefix", Tag::prefix},
      {"cursor", Tag::cursor},
      {"limit", Tag::limit},
      {"what", Tag::what},
      {"entry", Tag::entry},
      {"target", Tag::target},
      {"connections", Tag::connections},
      {"bindings", Tag::bindings},
      {"statistic", Tag::statistic},
      {"name", Tag::name},
      {"value", Tag::value},
      {"code", Tag::code},
      {"text", Tag::text},
      {"owner", Tag::owner},
      {"renewed", Tag::renewed},
      {"cancelled", Tag::cancelled},
      {"server", Tag::server},
      {"allow_input", Tag::allow_input},
  };
  if (name.starts_with("tag ")) return static_cast<Tag>(std::stoi(name.substr(4)));
  return kTags.at(name);
}

void write(FrameWriter& writer, const json& fields) {
  for (const json& field : fields) {
    const Tag tag = tag_of(field[0]);
    if (field[1].is_string()) {
      writer.put(tag, unhex(field[1]));
    } else if (field[1].is_array()) {
      writer.open(tag);
      write(writer, field[1]);
      writer.close();
    } else {
      writer.put(tag, field[1].get<std::uint64_t>());
    }
  }
}

void expect_same(const Fields& fields, const json& wanted) {
  std::map<Tag, std::vector<json>> nested;
  for (const json& field : wanted) {
    const std::string name = field[0];
    if (name.starts_with("tag ")) continue;
    const Tag tag = tag_of(name);
    ASSERT_TRUE(fields.has(tag)) << name;
    if (field[1].is_string()) {
      EXPECT_EQ(fields.bytes(tag), unhex(field[1])) << name;
    } else if (field[1].is_number()) {
      EXPECT_EQ(fields.number(tag), field[1].get<std::uint64_t>()) << name;
    } else {
      nested[tag].push_back(field[1]);
    }
  }
  for (const auto& [tag, list] : nested) {
    std::size_t at = 0;
    EXPECT_TRUE(fields.each(tag, [&](const Fields& inner) {
      expect_same(inner, list.at(at++));
      return true;
    }));
    EXPECT_EQ(at, list.size());
  }
}

TEST(DirectFrameTest, EveryVectorIsWrittenAsItIs) {
  for (const json& vector : vectors("frames")) {
    std::string out = "before";
    FrameWriter writer{out, static_cast<Kind>(vector["kind"].get<int>()),
                       vector["id"].get<std::uint64_t>(), vector["flags"] == 1};
    write(writer, vector["fields"]);
    writer.end();
    EXPECT_EQ(out, "before" + unhex(vector["frame"])) << vector["name"];
  }
}

TEST(DirectFrameTest, EveryVectorIsReadAsItIs) {
  for (const json& vector : vectors("frames")) {
    const std::string bytes = unhex(vector["frame"]) + "behind";
    const FrameStep step = read_frame(bytes);
    ASSERT_EQ(step.kind, FrameStep::Kind::frame) << vector["name"];
    EXPECT_EQ(step.header.size, bytes.size() - 6);
    EXPECT_EQ(step.header.kind, vector["kind"].get<int>());
    EXPECT_EQ(step.header.with_descriptor, vector["flags"] == 1);
    EXPECT_EQ(step.header.id, vector["id"].get<std::uint64_t>());
    const auto fields = Fields::read(step.body);
    ASSERT_TRUE(fields) << vector["name"];
    expect_same(*fields, vector["fields"]);
  }
}

TEST(DirectFrameTest, AnyPartOfAFrameNeedsMore) {
  for (const json& vector : vectors("frames")) {
    const std::string bytes = unhex(vector["frame"]);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(read_frame(std::string_view{bytes}.substr(0, size)).kind,
                FrameStep::Kind::need_more);
    }
  }
}

TEST(DirectFrameTest, SizesAreHeldToTheirBounds) {
  const auto kind_of_size = [](std::uint32_t size) {
    std::string bytes;
    FrameWriter{bytes, Kind::ping, 1}.end();
    for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<char>(size >> (8 * i) & 0xff);
    bytes.resize(kMaxFrame + 1);
    return read_frame(bytes).kind;
  };
  EXPECT_EQ(kind_of_size(0), FrameStep::Kind::bad);
  EXPECT_EQ(kind_of_size(kHeaderSize - 1), FrameStep::Kind::bad);
  EXPECT_EQ(kind_of_size(kHeaderSize), FrameStep::Kind::frame);
  EXPECT_EQ(kind_of_size(kMaxFrame), FrameStep::Kind::frame);
  EXPECT_EQ(kind_of_size(kMaxFrame + 1), FrameStep::Kind::bad);
  EXPECT_EQ(kind_of_size(~std::uint32_t{0}), FrameStep::Kind::bad);
}

TEST(DirectFrameTest, FieldsThatAreNotOfTheirFormAreRefused) {
  for (const char* const name :
       {"ends within a field's header", "ends within a value", "a value longer than everything",
        "a number of four bytes", "the same field twice"}) {
    std::string bytes;
    for (const json& vector : vectors("malformed")) {
      if (vector["name"].get<std::string>() == name) bytes = unhex(vector["frame"]);
    }
    const FrameStep step = read_frame(bytes);
    ASSERT_EQ(step.kind, FrameStep::Kind::frame) << name;
    EXPECT_FALSE(Fields::read(step.body)) << name;
  }
}

TEST(DirectFrameTest, BehindWhatIsNoFieldNothingIsRead) {
  std::string bytes;
  FrameWriter{bytes, Kind::find, 1}.put(Tag::endpoint, "e").put(Tag::destination, "d").end();
  std::string fields{read_frame(bytes).body};
  // The length of the first field exceeds the input: the second must not be read in its place.
  fields[7] = 1;
  FieldReader reader{fields};
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.malformed());
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.malformed());
}

TEST(DirectFrameTest, AFieldWithinAnotherIsHeldToItsFormToo) {
  std::string bytes;
  FrameWriter{bytes, Kind::save, 1}.put(Tag::binding, "x").end();
  const auto fields = Fields::read(read_frame(bytes).body);
  ASSERT_TRUE(fields);
  EXPECT_FALSE(fields->each(Tag::binding, [](const Fields&) { return true; }));
}

TEST(DirectFrameTest, WhatIsNotThereIsEmpty) {
  const auto fields = Fields::read("");
  ASSERT_TRUE(fields);
  EXPECT_FALSE(fields->has(Tag::endpoint));
  EXPECT_EQ(fields->bytes(Tag::endpoint), "");
  EXPECT_EQ(fields->number(Tag::ttl), 0u);
  EXPECT_EQ(fields->number(Tag::ttl, 7), 7u);
  EXPECT_TRUE(fields->each(Tag::binding, [](const Fields&) { return false; }));
}

TEST(DirectFrameTest, EveryErrorHasItsName) {
  EXPECT_EQ(name_of(ErrorCode::malformed), "malformed");
  EXPECT_EQ(name_of(ErrorCode::unsupported), "unsupported");
  EXPECT_EQ(name_of(ErrorCode::full), "full");
  EXPECT_EQ(name_of(ErrorCode::refused), "refused");
  EXPECT_EQ(name_of(ErrorCode::too_large), "too_large");
  EXPECT_EQ(name_of(ErrorCode::busy), "busy");
  EXPECT_EQ(name_of(ErrorCode::cancelled), "cancelled");
  EXPECT_EQ(name_of(ErrorCode::denied), "denied");
  EXPECT_EQ(known_code(8), ErrorCode::denied);
  EXPECT_EQ(known_code(9), ErrorCode{});
  EXPECT_EQ(name_of(ErrorCode{200}), "error");
}

}  // namespace
}  // namespace scache::wire::direct
