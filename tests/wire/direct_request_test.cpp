// SPDX-License-Identifier: Apache-2.0
#include "wire/direct_request.hpp"

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "wire/direct_vectors.hpp"

namespace scache::wire::direct {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

const WireLimits kLimits{.name = 4, .properties = 6, .list = 100};

// A frame that is assembled field by field.
class Frame {
 public:
  explicit Frame(Kind kind, bool with_descriptor = false)
      : writer_{bytes_, kind, 7, with_descriptor} {}
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  Frame& put(Tag tag, const std::string& value) {
    writer_.put(tag, value);
    return *this;
  }
  Frame& put(Tag tag, std::uint64_t value) {
    writer_.put(tag, value);
    return *this;
  }
  Frame& open(Tag tag) {
    writer_.open(tag);
    return *this;
  }
  Frame& close() {
    writer_.close();
    return *this;
  }
  std::expected<Request, Refusal> decode(const WireLimits& limits = kLimits) {
    writer_.end();
    return direct::decode(read_frame(bytes_), limits);
  }
  ErrorCode refusal() {
    const auto request = decode();
    EXPECT_FALSE(request);
    if (request) return ErrorCode{};
    EXPECT_NE(request.error().text, "");
    return request.error().code;
  }
  template <typename Wanted>
  Wanted as() {
    const auto request = decode();
    EXPECT_TRUE(request) << request.error().text;
    return std::get<Wanted>(*request);
  }

 private:
  std::string bytes_;
  FrameWriter writer_;
};

class SaveFrame : public Frame {
 public:
  SaveFrame() : Frame{Kind::save, true} { put(Tag::endpoint, "e"s); }
};

TEST(DirectRequestTest, ASaveHasWhatItSays) {
  Frame frame{Kind::save, true};
  frame.put(Tag::endpoint, "e\0\xff"s).put(Tag::endpoint_properties, "p\n"s).put(Tag::ttl, 1'500);
  frame.put(Tag::connection, 5).put(Tag::uses, 3).put(Tag::age, 9'000);
  const auto request = frame.as<Save>();
  EXPECT_EQ(request.connection.endpoint, "e\0\xff"s);
  EXPECT_EQ(request.connection.properties, "p\n");
  EXPECT_EQ(request.connection.ttl, 1'500ms);
  EXPECT_EQ(request.connection.past.connection, 5u);
  EXPECT_EQ(request.connection.past.uses, 3u);
  EXPECT_EQ(request.connection.past.age, 9s);
}

TEST(DirectRequestTest, ASaveNeedsNoMoreThanAnEndpoint) {
  Frame frame{Kind::save, true};
  frame.put(Tag::endpoint, ""s);
  const auto request = frame.as<Save>();
  EXPECT_EQ(request.connection.endpoint, "");
  EXPECT_EQ(request.connection.properties, "");
  EXPECT_EQ(request.connection.ttl, kNoTtl);
  EXPECT_EQ(request.connection.past.connection, 0u);
  request.each_binding([](const SaveDestination&) { FAIL(); });
}

TEST(DirectRequestTest, ANewConnectionHasNoPast) {
  const auto request = SaveFrame{}.put(Tag::uses, 3).put(Tag::age, 9'000).as<Save>();
  EXPECT_EQ(request.connection.past.uses, 0u);
  EXPECT_EQ(request.connection.past.age, 0ms);
  EXPECT_EQ(SaveFrame{}.put(Tag::connection, 5).as<Save>().connection.past.age, 0ms);
  EXPECT_FALSE(SaveFrame{}.as<Save>().connection.allow_input);
  EXPECT_FALSE(SaveFrame{}.put(Tag::allow_input, 0).as<Save>().connection.allow_input);
  EXPECT_TRUE(SaveFrame{}.put(Tag::allow_input, 1).as<Save>().connection.allow_input);
}

TEST(DirectRequestTest, TimesAreCapped) {
  const auto request =
      SaveFrame{}.put(Tag::connection, 5).put(Tag::ttl, ~0ull).put(Tag::age, ~0ull).as<Save>();
  EXPECT_EQ(request.connection.ttl, kLongestTtl);
  EXPECT_EQ(request.connection.past.age, kLongestTtl);
  EXPECT_EQ(SaveFrame{}.put(Tag::ttl, 1).as<Save>().connection.ttl, 1ms);
}

TEST(DirectRequestTest, ASaveHasItsBindingsInOrder) {
  SaveFrame frame;
  frame.open(Tag::binding).put(Tag::destination, "d1"s).put(Tag::destination_properties, "dp"s);
  frame.put(Tag::ttl, 20).close().open(Tag::binding).put(Tag::destination, ""s).close();
  const auto request = frame.as<Save>();
  std::vector<SaveDestination> bindings;
  request.each_binding([&](const SaveDestination& binding) { bindings.push_back(binding); });
  ASSERT_EQ(bindings.size(), 2u);
  EXPECT_EQ(bindings[0].destination, "d1");
  EXPECT_EQ(bindings[0].properties, "dp");
  EXPECT_EQ(bindings[0].endpoint, "e");
  EXPECT_EQ(bindings[0].ttl, 20ms);
  EXPECT_EQ(bindings[1].destination, "");
  EXPECT_EQ(bindings[1].ttl, kNoTtl);
}

TEST(DirectRequestTest, AnythingWrongWithABindingIsWrongWithItsSave) {
  EXPECT_EQ(SaveFrame{}.open(Tag::binding).close().refusal(), ErrorCode::malformed);
  EXPECT_EQ(SaveFrame{}.put(Tag::binding, "x"s).refusal(), ErrorCode::malformed);
  EXPECT_EQ(
      SaveFrame{}.open(Tag::binding).put(Tag::destination, "d"s).put(Tag::ttl, 0).close().refusal(),
      ErrorCode::malformed);
  EXPECT_EQ(SaveFrame{}.open(Tag::binding).put(Tag::destination, "large"s).close().refusal(),
            ErrorCode::too_large);
  SaveFrame second;
  second.open(Tag::binding).put(Tag::destination, "d"s).close();
  second.open(Tag::binding).put(Tag::destination, "d"s);
  EXPECT_EQ(second.put(Tag::destination_properties, "7 bytes"s).close().refusal(),
            ErrorCode::too_large);
}

TEST(DirectRequestTest, ASaveIsRefusedWithoutAnEndpointADescriptorOrATtl) {
  EXPECT_EQ(Frame(Kind::save, true).refusal(), ErrorCode::malformed);
  EXPECT_EQ(Frame(Kind::save).put(Tag::endpoint, "e"s).refusal(), ErrorCode::malformed);
  EXPECT_EQ(SaveFrame{}.put(Tag::ttl, 0).refusal(), ErrorCode::malformed);
}

TEST(DirectRequestTest, AFindIsOfAnEndpointOrOfADestination) {
  EXPECT_EQ(Frame(Kind::find).put(Tag::endpoint, "e"s).as<FindEndpoint>().endpoint, "e");
  EXPECT_EQ(Frame(Kind::find).put(Tag::destination, ""s).as<FindDestination>().destination, "");
  EXPECT_EQ(Frame(Kind::find).refusal(), ErrorCode::malformed);
  EXPECT_EQ(Frame(Kind::find).put(Tag::endpoint, "e"s).put(Tag::destination, "d"s).refusal(),
            ErrorCode::malformed);
}

TEST(DirectRequestTest, ABindHasWhatItSays) {
  Frame frame{Kind::bind};
  frame.put(Tag::destination, "d"s).put(Tag::endpoint, "e"s);
  frame.put(Tag::destination_properties, "dp"s).put(Tag::ttl, 30);
  const auto request = frame.as<Bind>();
  EXPECT_EQ(request.binding.destination, "d");
  EXPECT_EQ(request.binding.endpoint, "e");
  EXPECT_EQ(request.binding.properties, "dp");
  EXPECT_EQ(request.binding.ttl, 30ms);
  EXPECT_EQ(Frame(Kind::bind).put(Tag::destination, "d"s).refusal(), ErrorCode::malformed);
  EXPECT_EQ(Frame(Kind::bind).put(Tag::endpoint, "e"s).refusal(), ErrorCode::malformed);
  EXPECT_EQ(Frame(Kind::bind)
                .put(Tag::destination, "d"s)
                .put(Tag::endpoint, "e"s)
                .put(Tag::ttl, 0)
                .refusal(),
            ErrorCode::malformed);
}

TEST(DirectRequestTest, ADropIsOfOneThing) {
  const Tag tags[] = {Tag::endpoint, Tag::destination, Tag::prefix};
  const Drop::What whats[] = {Drop::What::endpoint, Drop::What::destination, Drop::What::prefix};
  for (std::size_t i = 0; i < 3; ++i) {
    Frame frame{Kind::drop};
    frame.put(tags[i], "n"s);
    const auto request = frame.as<Drop>();
    EXPECT_EQ(request.what, whats[i]);
    EXPECT_EQ(request.name, "n");
    for (std::size_t other = i + 1; other < 3; ++other) {
      EXPECT_EQ(Frame(Kind::drop).put(tags[i], "n"s).put(tags[other], ""s).refusal(),
                ErrorCode::malformed);
    }
  }
  EXPECT_EQ(Frame(Kind::drop).refusal(), ErrorCode::malformed);
}

TEST(DirectRequestTest, AListIsOfEverythingUnlessItSaysOtherwise) {
  const auto all = Frame(Kind::list).as<List>();
  EXPECT_EQ(all.what, kConnections | kBindings);
  EXPECT_EQ(all.prefix, "");
  EXPECT_EQ(all.cursor, "");
  EXPECT_EQ(all.limit, ~std::uint64_t{0});
  Frame frame{Kind::list};
  frame.put(Tag::what, 2).put(Tag::prefix, "p"s).put(Tag::cursor, "a cursor"s).put(Tag::limit, 1);
  const auto some = frame.as<List>();
  EXPECT_EQ(some.what, kBindings);
  EXPECT_EQ(some.prefix, "p");
  EXPECT_EQ(some.cursor, "a cursor");
  EXPECT_EQ(some.limit, 1u);
  EXPECT_EQ(Frame(Kind::list).put(Tag::what, 0).refusal(), ErrorCode::malformed);
  EXPECT_EQ(Frame(Kind::list).put(Tag::what, 4).refusal(), ErrorCode::malformed);
  EXPECT_EQ(Frame(Kind::list).put(Tag::limit, 0).refusal(), ErrorCode::malformed);
}

TEST(DirectRequestTest, TheOthersHaveNothingToSayOrOneThing) {
  Frame{Kind::statistics}.as<Statistics>();
  Frame{Kind::ping}.as<Ping>();
  EXPECT_EQ(Frame(Kind::cancel).put(Tag::target, ~0ull).as<Cancel>().target, ~0ull);
  EXPECT_EQ(Frame(Kind::cancel).refusal(), ErrorCode::malformed);
}

TEST(DirectRequestTest, OtherKindsAreUnsupportedWhateverTheyHave) {
  for (int kind = 0; kind < 256; ++kind) {
    if (kind >= 1 && kind <= 8) continue;
    for (const bool with_descriptor : {false, true}) {
      EXPECT_EQ(Frame(static_cast<Kind>(kind), with_descriptor).put(Tag::ttl, "x"s).refusal(),
                ErrorCode::unsupported);
    }
  }
}

TEST(DirectRequestTest, OnlyASaveHasADescriptor) {
  for (int kind = 2; kind <= 8; ++kind) {
    EXPECT_EQ(Frame(static_cast<Kind>(kind), true).put(Tag::endpoint, "e"s).refusal(),
              ErrorCode::malformed);
  }
}

TEST(DirectRequestTest, NamesAndPropertiesAreHeldToTheirLimits) {
  const auto whole = [](Tag tag, std::size_t size) {
    Frame frame{Kind::save, true};
    frame.put(tag, std::string(size, 'x'));
    if (tag != Tag::endpoint) frame.put(Tag::endpoint, "e"s);
    return frame.decode();
  };
  struct {
    Tag tag;
    std::size_t limit;
  } const bounds[] = {{Tag::endpoint, kLimits.name},
                      {Tag::destination, kLimits.name},
                      {Tag::prefix, kLimits.name},
                      {Tag::endpoint_properties, kLimits.properties},
                      {Tag::destination_properties, kLimits.properties}};
  for (const auto& [tag, limit] : bounds) {
    EXPECT_TRUE(whole(tag, limit));
    const auto request = whole(tag, limit + 1);
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().code, ErrorCode::too_large);
    EXPECT_TRUE(request.error().text.ends_with("exceed the limit of " + std::to_string(limit)));
  }
}

TEST(DirectRequestTest, UnknownFieldsAreSkipped) {
  Frame frame{Kind::find};
  frame.put(Tag{999}, "x"s).put(Tag::endpoint, "e"s).put(Tag{999}, ""s);
  EXPECT_EQ(frame.as<FindEndpoint>().endpoint, "e");
}

TEST(DirectRequestTest, EveryVectorThatIsARequestIsOne) {
  for (const auto& vector : vectors("frames")) {
    if (vector["kind"] > 8) continue;
    const std::string bytes = unhex(vector["frame"]);
    EXPECT_TRUE(decode(read_frame(bytes), WireLimits{})) << vector["name"];
  }
}

TEST(DirectRequestTest, NoMalformedVectorIsARequest) {
  for (const auto& vector : vectors("malformed")) {
    const std::string bytes = unhex(vector["frame"]);
    const FrameStep step = read_frame(bytes);
    if (vector["ends"]) {
      EXPECT_EQ(step.kind, FrameStep::Kind::bad) << vector["name"];
      continue;
    }
    ASSERT_EQ(step.kind, FrameStep::Kind::frame) << vector["name"];
    const auto request = decode(step, WireLimits{});
    ASSERT_FALSE(request) << vector["name"];
    EXPECT_EQ(request.error().code, ErrorCode::malformed) << vector["name"];
  }
}

// What a client appends is what a server decodes.
template <typename T>
T decoded(const std::string& frame) {
  const FrameStep step = read_frame(frame);
  EXPECT_EQ(step.kind, FrameStep::Kind::frame);
  EXPECT_EQ(step.header.size, frame.size());
  EXPECT_EQ(step.header.id, 9u);
  const auto request = decode(step, WireLimits{});
  EXPECT_TRUE(request) << request.error().text;
  return std::get<T>(request.value());
}

TEST(DirectRequestTest, ASaveIsDecodedAsItWasAppended) {
  std::string frame;
  SaveWriter writer{frame,
                    9,
                    {.ttl = std::chrono::milliseconds{5},
                     .endpoint = "e",
                     .properties = "p",
                     .past = {7, 3, std::chrono::milliseconds{60}},
                     .allow_input = true}};
  writer.add({.ttl = std::chrono::milliseconds{6},
              .destination = "d",
              .properties = "dp",
              .endpoint = {}});
  writer.add({.ttl = kNoTtl, .destination = "f", .properties = "", .endpoint = {}});
  writer.end();
  const Save save = decoded<Save>(frame);
  EXPECT_EQ(save.connection.ttl.count(), 5);
  EXPECT_EQ(save.connection.endpoint, "e");
  EXPECT_EQ(save.connection.properties, "p");
  EXPECT_EQ(save.connection.past.connection, 7u);
  EXPECT_EQ(save.connection.past.uses, 3u);
  EXPECT_EQ(save.connection.past.age.count(), 60);
  EXPECT_TRUE(save.connection.allow_input);
  std::string bindings;
  save.each_binding([&](const SaveDestination& binding) {
    bindings += std::string{binding.destination} + "/" + std::string{binding.properties} + "/" +
                std::string{binding.endpoint} + "/" + std::to_string(binding.ttl.count()) + " ";
  });
  EXPECT_EQ(bindings, "d/dp/e/6 f//e/0 ");
}

TEST(DirectRequestTest, OtherRequestsAreDecodedAsTheyWereAppended) {
  const auto append = [](auto put) {
    std::string frame;
    put(frame);
    return frame;
  };
  const std::string by_endpoint =
      append([](std::string& out) { put_find(out, 9, FindEndpoint{"e"}); });
  EXPECT_EQ(decoded<FindEndpoint>(by_endpoint).endpoint, "e");
  const std::string by_destination =
      append([](std::string& out) { put_find(out, 9, FindDestination{"d"}); });
  EXPECT_EQ(decoded<FindDestination>(by_destination).destination, "d");
  const std::string bind = append(
      [](std::string& out) { put_bind(out, 9, {std::chrono::milliseconds{5}, "d", "dp", "e"}); });
  EXPECT_EQ(decoded<Bind>(bind).binding.properties, "dp");
  EXPECT_EQ(decoded<Bind>(bind).binding.endpoint, "e");
  EXPECT_EQ(decoded<Bind>(bind).binding.ttl.count(), 5);
  for (const auto what : {Drop::What::endpoint, Drop::What::destination, Drop::What::prefix}) {
    const std::string drop = append([&](std::string& out) { put_drop(out, 9, {what, "n"}); });
    EXPECT_EQ(decoded<Drop>(drop).what, what);
    EXPECT_EQ(decoded<Drop>(drop).name, "n");
  }
  const std::string list =
      append([](std::string& out) { put_list(out, 9, {kBindings, "pre", "cursor", 4}); });
  EXPECT_EQ(decoded<List>(list).what, kBindings);
  EXPECT_EQ(decoded<List>(list).prefix, "pre");
  EXPECT_EQ(decoded<List>(list).cursor, "cursor");
  EXPECT_EQ(decoded<List>(list).limit, 4u);
  const std::string first =
      append([](std::string& out) { put_list(out, 9, {kConnections, {}, {}, 0}); });
  EXPECT_EQ(decoded<List>(first).cursor, "");
  EXPECT_EQ(decoded<List>(first).limit, ~std::uint64_t{0});
  decoded<Statistics>(append([](std::string& out) { put_statistics(out, 9); }));
  decoded<Ping>(append([](std::string& out) { put_ping(out, 9); }));
  const std::string cancel = append([](std::string& out) { put_cancel(out, 9, {5}); });
  EXPECT_EQ(decoded<Cancel>(cancel).target, 5u);
}

}  // namespace
}  // namespace scache::wire::direct
