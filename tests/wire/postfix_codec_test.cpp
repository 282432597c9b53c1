// SPDX-License-Identifier: Apache-2.0
#include "wire/postfix_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "support/messages.hpp"

namespace scache::wire::postfix_codec {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::list;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Warnings = std::vector<std::string>;

constexpr std::string_view kSource = "scache socket";

// A decoded request with the bytes that it refers to.
class Read {
 public:
  explicit Read(std::string bytes, const WireLimits& limits = {})
      : bytes_{std::move(bytes)}, reader_{1'024 * 1'024} {
    EXPECT_EQ(reader_.scan(bytes_, kRequest), AttributeReader::Step::list);
    EXPECT_EQ(reader_.consumed(), bytes_.size());
    decoded_ = decode(reader_, limits, kSource);
  }
  const Decoded* operator->() const { return &decoded_; }

  template <typename T>
  const T& request() const {
    EXPECT_TRUE(decoded_.request);
    return std::get<T>(*decoded_.request);
  }
  // The reply to a request that cannot be served.
  std::string refusal(Status status) const {
    std::string out;
    put_refusal(out, decoded_.kind, status);
    return out;
  }

 private:
  std::string bytes_;
  AttributeReader reader_;
  Decoded decoded_;
};

TEST(PostfixCodecTest, ReadsASaveOfAnEndpoint) {
  const Read read{test::save_endp("smtp\n127.0.0.2\n", "tls_level=0\n\n", "2")};
  EXPECT_EQ(read->kind, Kind::save_endpoint);
  EXPECT_THAT(read->warnings, IsEmpty());
  const auto& save = read.request<SaveEndpoint>();
  EXPECT_EQ(save.ttl, 2s);
  EXPECT_EQ(save.endpoint, "smtp\n127.0.0.2\n");
  EXPECT_EQ(save.properties, "tls_level=0\n\n");
}

TEST(PostfixCodecTest, ReadsASaveOfADestination) {
  const Read read{test::save_dest("d", "p", "e", "3")};
  EXPECT_EQ(read->kind, Kind::save_destination);
  EXPECT_THAT(read->warnings, IsEmpty());
  const auto& save = read.request<SaveDestination>();
  EXPECT_EQ(save.ttl, 3s);
  EXPECT_EQ(save.destination, "d");
  EXPECT_EQ(save.properties, "p");
  EXPECT_EQ(save.endpoint, "e");
}

TEST(PostfixCodecTest, ReadsLookups) {
  const Read endpoint{test::find_endp("e")};
  EXPECT_EQ(endpoint->kind, Kind::find_endpoint);
  EXPECT_EQ(endpoint.request<FindEndpoint>().endpoint, "e");
  EXPECT_THAT(endpoint->warnings, IsEmpty());
  const Read destination{test::find_dest("d")};
  EXPECT_EQ(destination->kind, Kind::find_destination);
  EXPECT_EQ(destination.request<FindDestination>().destination, "d");
  EXPECT_THAT(destination->warnings, IsEmpty());
}

TEST(PostfixCodecTest, NamesAndPropertiesMayBeEmpty) {
  const auto save = Read{test::save_endp("", "")}.request<SaveEndpoint>();
  EXPECT_EQ(save.endpoint.size() + save.properties.size(), 0u);
}

// Bad requests, with the replies and the log lines of the stock server.
struct Bad {
  std::string what;
  std::string bytes;
  std::string reply;
  Warnings warnings;
};
void PrintTo(const Bad& bad, std::ostream* out) {
  *out << bad.what;
}

class BadRequestTest : public ::testing::TestWithParam<Bad> {};

TEST_P(BadRequestTest, IsAnsweredAndToldAsByTheStockServer) {
  const Read read{GetParam().bytes};
  EXPECT_FALSE(read->request);
  EXPECT_EQ(read.refusal(Status::bad), GetParam().reply);
  EXPECT_EQ(read->warnings, GetParam().warnings);
}

const std::string kBadSaveEndpoint = "scache_save_endp_service: bad or missing request parameter";
const std::string kBadSaveDestination =
    "scache_save_dest_service: bad or missing request parameter";
const std::string kBadFindEndpoint = "scache_find_endp_service: bad or missing request parameter";
const std::string kBadFindDestination =
    "scache_find_dest_service: bad or missing request parameter";
const std::string kEndpointRefused = "status\0001\0property\0\0\0"s;
const std::string kDestinationRefused = "status\0001\0property\0\0property\0\0\0"s;

Bad bad_ttl(std::string ttl, Warnings warnings) {
  warnings.push_back(kBadSaveEndpoint);
  return {"ttl '" + ttl + "'", test::save_endp("e", "p", ttl), test::kBad, std::move(warnings)};
}
Bad no_number(const std::string& ttl) {
  return bad_ttl(
      ttl,
      {"malformed numerical data from scache socket while reading input attribute value: " + ttl});
}

INSTANTIATE_TEST_SUITE_P(Ttl, BadRequestTest,
                         ::testing::Values(bad_ttl("0", {}), bad_ttl("-1", {}), no_number(""),
                                           no_number("abc"), no_number("5x"), no_number("0x5"),
                                           bad_ttl("4294967295", {}),
                                           bad_ttl("99999999999999999999999", {}), no_number("5 "),
                                           bad_ttl("2147483648", {}),
                                           bad_ttl("-99999999999999999999999", {}),
                                           Bad{"ttl 0 of a destination",
                                               test::save_dest("d", "p", "e", "0"),
                                               test::kBad,
                                               {kBadSaveDestination}}));

INSTANTIATE_TEST_SUITE_P(
    Malformed, BadRequestTest,
    ::testing::Values(
        Bad{"unknown request",
            list({"request", "frob"}),
            test::kBad,
            {"unrecognized request: \"frob\", ignored"}},
        Bad{"unknown request with attributes",
            list({"request", "frob", "label", "x"}),
            test::kBad,
            {"unrecognized request: \"frob\", ignored"}},
        Bad{"no request",
            list({"request", ""}),
            test::kBad,
            {"unrecognized request: \"\", ignored"}},
        Bad{"upper case",
            list({"request", "FIND_ENDP", "label", "x"}),
            test::kBad,
            {"unrecognized request: \"FIND_ENDP\", ignored"}},
        Bad{"find_endp without label",
            list({"request", "find_endp"}),
            kEndpointRefused,
            {"missing attribute label in input from scache socket", kBadFindEndpoint}},
        Bad{"find_endp with another attribute before",
            list({"request", "find_endp", "foo", "bar", "label", "x"}),
            kEndpointRefused,
            {"unexpected attribute foo from scache socket (expecting: label)", kBadFindEndpoint}},
        Bad{"find_dest without label",
            list({"request", "find_dest"}),
            kDestinationRefused,
            {"missing attribute label in input from scache socket", kBadFindDestination}},
        Bad{"save_endp without property",
            list({"request", "save_endp", "ttl", "5", "label", "e"}),
            test::kBad,
            {"missing attribute property in input from scache socket", kBadSaveEndpoint}},
        Bad{"save_endp without ttl",
            list({"request", "save_endp", "label", "e", "property", "p"}),
            test::kBad,
            {"unexpected attribute label from scache socket (expecting: ttl)", kBadSaveEndpoint}},
        Bad{"save_endp in another order",
            list({"request", "save_endp", "label", "e", "ttl", "5", "property", "p"}),
            test::kBad,
            {"unexpected attribute label from scache socket (expecting: ttl)", kBadSaveEndpoint}},
        Bad{"save_dest without endpoint",
            list({"request", "save_dest", "ttl", "5", "label", "d", "property", "p"}),
            test::kBad,
            {"missing attribute label in input from scache socket", kBadSaveDestination}},
        Bad{"save_dest in another order",
            list({"request", "save_dest", "ttl", "5", "property", "p", "label", "d", "label", "e"}),
            test::kBad,
            {"unexpected attribute property from scache socket (expecting: label)",
             kBadSaveDestination}}));

// A surplus attribute causes a warning, and the request is good.
struct Surplus {
  std::string what;
  std::string bytes;
  std::string name;
};
void PrintTo(const Surplus& surplus, std::ostream* out) {
  *out << surplus.what;
}

class SurplusTest : public ::testing::TestWithParam<Surplus> {};

TEST_P(SurplusTest, IsToldAndTheRequestIsGood) {
  const Read read{GetParam().bytes};
  EXPECT_TRUE(read->request);
  EXPECT_THAT(read->warnings, ElementsAre("unexpected attribute " + GetParam().name +
                                          " from scache socket (expecting: (list terminator))"));
}

INSTANTIATE_TEST_SUITE_P(
    All, SurplusTest,
    ::testing::Values(
        Surplus{"find_endp", list({"request", "find_endp", "label", "x", "foo", "bar"}), "foo"},
        Surplus{"two labels", list({"request", "find_endp", "label", "x", "label", "y"}), "label"},
        Surplus{"find_dest", list({"request", "find_dest", "label", "x", "foo", "bar"}), "foo"},
        Surplus{
            "save_endp",
            list({"request", "save_endp", "ttl", "5", "label", "e", "property", "p", "foo", "bar"}),
            "foo"},
        Surplus{"save_dest",
                list({"request", "save_dest", "ttl", "5", "label", "d", "property", "p", "label",
                      "e", "foo", "bar"}),
                "foo"},
        Surplus{"many",
                list({"request", "save_dest", "ttl", "5", "label", "d", "property", "p", "label",
                      "e", "1", "", "2", "", "3", "", "4", ""}),
                "1"}));

TEST(PostfixCodecTest, OddButGoodTtls) {
  const std::pair<const char*, std::chrono::seconds> expected[] = {{" 5", 5s},
                                                                   {"+5", 5s},
                                                                   {"05", 5s},
                                                                   {"4294967297", 1s},
                                                                   {"99999999999", 1'215'752'191s},
                                                                   {"2147483647", 2'147'483'647s}};
  for (const auto& [text, ttl] : expected) {
    const Read read{test::save_endp("e", "p", text)};
    EXPECT_THAT(read->warnings, IsEmpty()) << text;
    EXPECT_EQ(read.request<SaveEndpoint>().ttl, ttl) << text;
  }
}

TEST(PostfixCodecTest, ALongMalformedNumberIsLoggedInPart) {
  const Read read{test::save_endp("e", "p", std::string(1'000, 'x'))};
  EXPECT_EQ(read->warnings.front(),
            "malformed numerical data from scache socket while reading input attribute value: " +
                std::string(100, 'x'));
}

constexpr WireLimits kLimits{.name = 10, .properties = 20, .list = 1'024};

TEST(PostfixCodecLimitsTest, TextsOfTheirLimitsAreTaken) {
  const std::string name(10, 'n');
  const std::string properties(20, 'p');
  EXPECT_TRUE((Read { test::find_endp(name), kLimits } -> request));
  EXPECT_TRUE((Read { test::find_dest(name), kLimits } -> request));
  EXPECT_TRUE((Read { test::save_endp(name, properties), kLimits } -> request));
  EXPECT_TRUE((Read { test::save_dest(name, properties, name), kLimits } -> request));
}

TEST(PostfixCodecLimitsTest, OneByteMoreIsBad) {
  const std::string name(10, 'n');
  const std::string properties(20, 'p');
  const std::string long_name(11, 'n');
  const std::string long_properties(21, 'p');
  const std::pair<std::string, std::string> expected[] = {
      {test::find_endp(long_name),
       "scache_find_endp_service: label of 11 bytes exceeds the limit of 10"},
      {test::find_dest(long_name),
       "scache_find_dest_service: label of 11 bytes exceeds the limit of 10"},
      {test::save_endp(long_name, properties),
       "scache_save_endp_service: label of 11 bytes exceeds the limit of 10"},
      {test::save_endp(name, long_properties),
       "scache_save_endp_service: property of 21 bytes exceeds the limit of 20"},
      {test::save_dest(long_name, properties, name),
       "scache_save_dest_service: label of 11 bytes exceeds the limit of 10"},
      {test::save_dest(name, long_properties, name),
       "scache_save_dest_service: property of 21 bytes exceeds the limit of 20"},
      {test::save_dest(name, properties, long_name),
       "scache_save_dest_service: label of 11 bytes exceeds the limit of 10"}};
  for (const auto& [bytes, warning] : expected) {
    const Read read{bytes, kLimits};
    EXPECT_FALSE(read->request);
    EXPECT_TRUE(read->kind);
    EXPECT_THAT(read->warnings, ElementsAre(warning));
  }
}

TEST(PostfixCodecLimitsTest, TheDefaultsAreFarAboveWhatPostfixSends) {
  constexpr WireLimits limits;
  static_assert(limits.name >= 8 * 2'000 && limits.properties >= 16 * 4'000);
  static_assert(limits.list >= limits.properties + 2 * limits.name + 1'024);
}

TEST(ReadNumberTest, SkipsBlanksAndTakesASign) {
  EXPECT_EQ(read_number("0"), 0);
  EXPECT_EQ(read_number(" \t\n\v\f\r7"), 7);
  EXPECT_EQ(read_number("+7"), 7);
  EXPECT_EQ(read_number("-7"), -7);
  EXPECT_EQ(read_number("-0"), 0);
  EXPECT_EQ(read_number("000000000000000000000000000000007"), 7);
}

TEST(ReadNumberTest, RefusesWhatIsNoNumber) {
  for (const char* text :
       {"", " ", "+", "-", "+-1", "- 1", "1 ", "1x", "x1", "0x1", "1.0", "--1"}) {
    EXPECT_EQ(read_number(text), std::nullopt) << text;
  }
}

TEST(ReadNumberTest, IsTakenModuloTwoToThe32) {
  EXPECT_EQ(read_number("2147483647"), INT32_MAX);
  EXPECT_EQ(read_number("2147483648"), INT32_MIN);
  EXPECT_EQ(read_number("4294967295"), -1);
  EXPECT_EQ(read_number("4294967296"), 0);
  EXPECT_EQ(read_number("4294967297"), 1);
  EXPECT_EQ(read_number("-4294967295"), 1);
}

TEST(ReadNumberTest, StaysAtTheEndsOf64Bits) {
  // Their low 32 bits: all set, and none.
  EXPECT_EQ(read_number("9223372036854775806"), -2);
  EXPECT_EQ(read_number("9223372036854775807"), -1);
  EXPECT_EQ(read_number("9223372036854775808"), -1);
  EXPECT_EQ(read_number("99999999999999999999999999999999"), -1);
  EXPECT_EQ(read_number("-9223372036854775807"), 1);
  EXPECT_EQ(read_number("-9223372036854775808"), 0);
  EXPECT_EQ(read_number("-9223372036854775809"), 0);
  EXPECT_EQ(read_number("-99999999999999999999999999999999"), 0);
}

template <typename... Arguments>
std::string put(void (*writer)(std::string&, Arguments...), std::type_identity_t<Arguments>... a) {
  std::string out;
  writer(out, a...);
  return out;
}

TEST(PostfixCodecTest, RepliesAreTheStockServersByteForByte) {
  EXPECT_EQ(put(put_greeting), "protocol\0connection_cache_protocol\0\0"s);
  EXPECT_EQ(put(put_dummy), "dummy\0\0\0"s);
  EXPECT_EQ(put(put_status, Status::ok), "status\0000\0\0"s);
  EXPECT_EQ(put(put_status, Status::bad), "status\0001\0\0"s);
  EXPECT_EQ(put(put_status, Status::fail), "status\0002\0\0"s);
  EXPECT_EQ(put(put_refusal, Kind::find_endpoint, Status::fail), "status\0002\0property\0\0\0"s);
  EXPECT_EQ(put(put_refusal, Kind::find_destination, Status::fail),
            "status\0002\0property\0\0property\0\0\0"s);
  EXPECT_EQ(put(put_refusal, Kind::save_endpoint, Status::bad), "status\0001\0\0"s);
  EXPECT_EQ(put(put_refusal, Kind::save_destination, Status::bad), "status\0001\0\0"s);
  EXPECT_EQ(put(put_refusal, std::nullopt, Status::bad), "status\0001\0\0"s);
  EXPECT_EQ(put(put_endpoint_hit, "e=1\n\n"), "status\0000\0property\0e=1\n\n\0\0"s);
  EXPECT_EQ(put(put_destination_hit, "d", "e"), "status\0000\0property\0d\0property\0e\0\0"s);
}

TEST(PostfixCodecTest, RepliesAreAppended) {
  std::string out;
  put_greeting(out);
  put_dummy(out);
  EXPECT_EQ(out, test::kGreeting + test::kDummy);
}

TEST(PostfixCodecTest, KnowsEachKindByItsName) {
  for (const Kind kind :
       {Kind::save_endpoint, Kind::find_endpoint, Kind::save_destination, Kind::find_destination}) {
    EXPECT_EQ(kind_of(wire_name(kind)), kind);
  }
  EXPECT_EQ(wire_name(Kind::save_endpoint), "save_endp");
  EXPECT_EQ(wire_name(Kind::find_destination), "find_dest");
  EXPECT_EQ(service_name(Kind::save_destination), "scache_save_dest_service");
  EXPECT_EQ(kind_of("find"), std::nullopt);
}

TEST(PostfixCodecTest, CallsTheStreamWhatItsCallerCallsIt) {
  AttributeReader reader{1'024};
  const std::string bytes = list({"request", "find_endp"});
  ASSERT_EQ(reader.scan(bytes, kRequest), AttributeReader::Step::list);
  EXPECT_EQ(decode(reader, {}, "standard input").warnings.front(),
            "missing attribute label in input from standard input");
}

// The log lines for a request that ends or stalls after so many bytes.
using Said = std::optional<std::string>;
Said said_after(std::size_t size, Break how) {
  const std::string bytes = test::find_endp("e");
  AttributeReader reader{1'024};
  EXPECT_EQ(reader.scan({bytes.data(), size}, kRequest), AttributeReader::Step::need_more);
  return broken_off(reader, kSource, how);
}

TEST(PostfixCodecTest, AStringThatBreaksOffIsToldAlikeWhateverTheReason) {
  for (const Break how : {Break::end, Break::timeout}) {
    EXPECT_EQ(said_after(3, how),
              "unexpected end-of-input from scache socket while reading input attribute name");
    EXPECT_EQ(said_after(test::strings({"request", "f"}).size() - 1, how),
              "unexpected end-of-input from scache socket while reading input attribute value");
    EXPECT_EQ(said_after(test::strings({"request", "find_endp", "l"}).size() - 1, how),
              "unexpected end-of-input from scache socket while reading input attribute name");
  }
}

TEST(PostfixCodecTest, ABreakBetweenStringsIsToldWithItsReason) {
  const std::size_t in_value = test::strings({"request"}).size();
  const std::size_t in_name = test::strings({"request", "find_endp", "label", "e"}).size();
  EXPECT_EQ(said_after(in_value, Break::end),
            "premature end-of-input on scache socket while reading input attribute value");
  EXPECT_EQ(said_after(in_value, Break::timeout),
            "timeout on scache socket while reading input attribute value");
  EXPECT_EQ(said_after(in_name, Break::end),
            "premature end-of-input on scache socket while reading input attribute name");
  EXPECT_EQ(said_after(in_name, Break::timeout),
            "timeout on scache socket while reading input attribute name");
}

// The defects of an incomplete list that consists of complete strings.
std::vector<std::string> defects_of(std::initializer_list<std::string_view> texts) {
  const std::string bytes = test::strings(texts);
  AttributeReader reader{1'024};
  EXPECT_EQ(reader.scan(bytes, kRequest), AttributeReader::Step::need_more);
  return defects(reader, kSource);
}

TEST(PostfixCodecTest, APartOfAGoodRequestHasNoDefect) {
  EXPECT_THAT(defects_of({"request", "save_dest"}), IsEmpty());
  EXPECT_THAT(defects_of({"request", "save_dest", "ttl"}), IsEmpty());
  EXPECT_THAT(defects_of({"request", "save_dest", "ttl", "5", "label"}), IsEmpty());
  EXPECT_THAT(
      defects_of({"request", "save_dest", "ttl", "5", "label", "d", "property", "p", "label", "e"}),
      IsEmpty());
}

TEST(PostfixCodecTest, WhatIsWrongIsSaidThoughTheListBreaksOff) {
  EXPECT_THAT(defects_of({"request", "frob"}),
              ElementsAre("unrecognized request: \"frob\", ignored"));
  EXPECT_THAT(defects_of({"request", "find_endp", "foo"}),
              ElementsAre("unexpected attribute foo from scache socket (expecting: label)",
                          "scache_find_endp_service: bad or missing request parameter"));
  EXPECT_THAT(
      defects_of({"request", "save_endp", "ttl", "5x", "label"}),
      ElementsAre("malformed numerical data from scache socket while reading input attribute "
                  "value: 5x",
                  "scache_save_endp_service: bad or missing request parameter"));
  EXPECT_THAT(defects_of({"request", "find_endp", "label", "e", "foo"}),
              ElementsAre("unexpected attribute foo from scache socket (expecting: (list "
                          "terminator))"));
}

TEST(PostfixCodecTest, ABreakRightAfterTheRequestsNameIsNotWorthAWord) {
  const std::size_t size = test::strings({"request", "find_endp"}).size();
  EXPECT_EQ(said_after(size, Break::end), std::nullopt);
  EXPECT_EQ(said_after(size, Break::timeout), std::nullopt);
}

}  // namespace
}  // namespace scache::wire::postfix_codec
