// SPDX-License-Identifier: Apache-2.0
#include "wire/attribute_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "support/messages.hpp"

namespace scache::wire {
namespace {

using test::list;
using test::strings;
using ::testing::ElementsAre;
using Step = AttributeReader::Step;

constexpr std::size_t kLimit = 1'024;

// The result of a reader: each step except need_more, with its strings.
struct Told {
  Step step;
  std::vector<std::string> strings;

  bool operator==(const Told&) const = default;
};

// Reads `bytes` in pieces of the given sizes; the last size repeats.
std::vector<Told> read_in_pieces(std::string_view bytes, const std::vector<std::size_t>& sizes,
                                 std::string_view wanted = "request", std::size_t limit = kLimit) {
  AttributeReader reader{limit};
  std::vector<Told> told;
  std::string unread;
  std::size_t piece = 0;
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), sizes[std::min(piece++, sizes.size() - 1)]);
    // Another address each time: the reader must not keep pointers to the bytes.
    std::string received = unread + std::string{bytes.substr(0, size)};
    bytes.remove_prefix(size);
    std::string_view left = received;
    for (;;) {
      const Step step = reader.scan(left, wanted);
      if (step == Step::need_more) break;
      Told one{step, {}};
      for (std::size_t i = 0; i < reader.count(); ++i) one.strings.emplace_back(reader.string(i));
      told.push_back(one);
      if (step == Step::too_long) return told;
      left.remove_prefix(reader.consumed());
      reader.done();
    }
    unread = left;
  }
  return told;
}

std::vector<Told> read_all(std::string_view bytes) {
  return read_in_pieces(bytes, {bytes.size()});
}

TEST(AttributeReaderTest, NothingNeedsMore) {
  AttributeReader reader{kLimit};
  EXPECT_EQ(reader.scan("", "request"), Step::need_more);
}

TEST(AttributeReaderTest, TellsAListsStringsFromTheWantedValueOn) {
  EXPECT_THAT(read_all(list({"request", "find_endp", "label", "e"})),
              ElementsAre(Told{Step::list, {"find_endp", "label", "e"}}));
}

TEST(AttributeReaderTest, AListMayHaveEmptyValues) {
  EXPECT_THAT(read_all(list({"request", ""})), ElementsAre(Told{Step::list, {""}}));
  EXPECT_THAT(read_all(list({"request", "r", "label", ""})),
              ElementsAre(Told{Step::list, {"r", "label", ""}}));
}

TEST(AttributeReaderTest, ConsumesItsListAndNoByteMore) {
  const std::string first = list({"request", "a"});
  const std::string bytes = first + "request";
  AttributeReader reader{kLimit};
  ASSERT_EQ(reader.scan(bytes, "request"), Step::list);
  EXPECT_EQ(reader.consumed(), first.size());
}

TEST(AttributeReaderTest, ReadsOneListAfterTheOther) {
  EXPECT_THAT(read_all(list({"request", "a"}) + list({"request", "b", "c", "d"})),
              ElementsAre(Told{Step::list, {"a"}}, Told{Step::list, {"b", "c", "d"}}));
}

TEST(AttributeReaderTest, NamesBeforeTheWantedOneAreToldOneByOne) {
  EXPECT_THAT(read_all(strings({"foo", "bar"}) + list({"request", "a"})),
              ElementsAre(Told{Step::unexpected_name, {"foo"}},
                          Told{Step::unexpected_name, {"bar"}}, Told{Step::list, {"a"}}));
}

TEST(AttributeReaderTest, AListsEndInTheWantedNamesPlaceIsMissing) {
  EXPECT_THAT(
      read_all(list({"label", "x"}) + list({"request", "a"})),
      ElementsAre(Told{Step::unexpected_name, {"label"}}, Told{Step::unexpected_name, {"x"}},
                  Told{Step::missing, {}}, Told{Step::list, {"a"}}));
}

TEST(AttributeReaderTest, TheWantedNameMustMatchToTheLastByte) {
  EXPECT_THAT(read_all(strings({"reques", "requests", "Request"})),
              ElementsAre(Told{Step::unexpected_name, {"reques"}},
                          Told{Step::unexpected_name, {"requests"}},
                          Told{Step::unexpected_name, {"Request"}}));
}

TEST(AttributeReaderTest, WhatIsWantedIsTheCallersChoice) {
  AttributeReader reader{kLimit};
  ASSERT_EQ(reader.scan(test::kDummy, "dummy"), Step::list);
  EXPECT_EQ(reader.count(), 1u);
  EXPECT_EQ(reader.string(0), "");
}

TEST(AttributeReaderTest, StringsBeyondTheMostArePassedOver) {
  std::string bytes = strings({"request", "r"});
  for (int i = 0; i < 50; ++i) bytes += strings({"name", "value"});
  const auto told = read_all(bytes + '\0');
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].step, Step::list);
  EXPECT_EQ(told[0].strings.size(), AttributeReader::kMaxStrings);
}

TEST(AttributeReaderTest, ValuesMayHaveAnyByteButNul) {
  std::string value;
  for (int byte = 1; byte < 256; ++byte) value.push_back(static_cast<char>(byte));
  EXPECT_THAT(read_all(list({"request", value})), ElementsAre(Told{Step::list, {value}}));
}

// Sequences of good and bad lists.
const std::string kStream = test::find_endp("e") + test::save_dest("smtp\nd\n", "a=b\n\n", "e") +
                            strings({"stray"}) + test::kDummy + list({}) + test::save_endp("", "") +
                            strings({"\xff\xff"}) + list({"request", "", "", ""}) +
                            strings({"half", "of", "nothing"});

TEST(AttributeReaderTest, ByteForByteTellsTheSame) {
  EXPECT_EQ(read_in_pieces(kStream, {1}), read_all(kStream));
}

TEST(AttributeReaderTest, AnySplitTellsTheSame) {
  const auto whole = read_all(kStream);
  for (std::size_t first = 1; first < kStream.size(); ++first) {
    ASSERT_EQ(read_in_pieces(kStream, {first, kStream.size()}), whole) << first;
  }
}

TEST(AttributeReaderTest, AnyTwoSplitsTellTheSame) {
  const std::string bytes = strings({"stray"}) + test::save_dest("d", "p", "e") + test::kDummy;
  const auto whole = read_all(bytes);
  for (std::size_t first = 1; first < bytes.size(); ++first) {
    for (std::size_t second = 1; first + second < bytes.size(); ++second) {
      ASSERT_EQ(read_in_pieces(bytes, {first, second, bytes.size()}), whole)
          << first << ' ' << second;
    }
  }
}

TEST(AttributeReaderTest, AListOfTheLimitIsTaken) {
  const std::string bytes = list({"request", std::string(kLimit - 10, 'x')});
  ASSERT_EQ(bytes.size(), kLimit);
  EXPECT_EQ(read_all(bytes)[0].step, Step::list);
  EXPECT_EQ(read_in_pieces(bytes, {1})[0].step, Step::list);
}

TEST(AttributeReaderTest, AListOfOneByteMoreIsTooLong) {
  const std::string bytes = list({"request", std::string(kLimit - 9, 'x')});
  ASSERT_EQ(bytes.size(), kLimit + 1);
  EXPECT_EQ(read_all(bytes)[0].step, Step::too_long);
  EXPECT_EQ(read_in_pieces(bytes, {1})[0].step, Step::too_long);
}

TEST(AttributeReaderTest, AsManyBytesAsTheLimitWithoutAnEndAreTooLong) {
  AttributeReader reader{kLimit};
  EXPECT_EQ(reader.scan(std::string(kLimit - 1, 'x'), "request"), Step::need_more);
  EXPECT_EQ(reader.scan(std::string(kLimit, 'x'), "request"), Step::too_long);
}

TEST(AttributeReaderTest, AnUnexpectedNameBeyondTheLimitIsTooLong) {
  EXPECT_EQ(read_all(strings({std::string(kLimit - 1, 'x')}))[0].step, Step::unexpected_name);
  EXPECT_EQ(read_all(strings({std::string(kLimit, 'x')}))[0].step, Step::too_long);
}

TEST(AttributeReaderTest, TheLimitIsEachListsOwn) {
  const std::string bytes = list({"request", std::string(kLimit - 10, 'x')});
  const auto told = read_all(bytes + bytes + bytes);
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[2].step, Step::list);
}

TEST(AttributeReaderTest, ALongListThatEndsNowhereIsTooLongHoweverManyNamesItHas) {
  std::string bytes = strings({"request", "r"});
  while (bytes.size() < 2 * kLimit) bytes += strings({"n", "v"});
  EXPECT_EQ(read_in_pieces(bytes, {7})[0].step, Step::too_long);
}

TEST(AttributeReaderTest, NoByteIsSearchedTwice) {
  // Changes all bytes except the last two: the reader must not read them again.
  AttributeReader reader{kLimit};
  std::string bytes = strings({"request", "value"});
  bytes.pop_back();
  ASSERT_EQ(reader.scan(bytes, "request"), Step::need_more);
  std::fill(bytes.begin(), bytes.end(), '\0');
  bytes += std::string(2, '\0');
  ASSERT_EQ(reader.scan(bytes, "request"), Step::list);
  EXPECT_EQ(reader.count(), 1u);
  EXPECT_EQ(reader.string(0).size(), 5u);
}

TEST(AttributeReaderTest, TellsAFullSizedListThatComesByteByByte) {
  constexpr std::size_t kLarge = 256 * 1'024;
  const std::string bytes = list({"request", std::string(kLarge - 10, 'x')});
  AttributeReader reader{kLarge};
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    ASSERT_EQ(reader.scan({bytes.data(), size}, "request"), Step::need_more);
  }
  EXPECT_EQ(reader.scan(bytes, "request"), Step::list);
}

TEST(AttributeReaderTest, KnowsWhetherANameOrAValueIsIncomplete) {
  const std::string bytes = list({"request", "find_endp", "label", "e"});
  const std::size_t wanted_value = strings({"request"}).size();
  const std::size_t name = strings({"request", "find_endp"}).size();
  const std::size_t value = strings({"request", "find_endp", "label"}).size();
  const std::size_t end = bytes.size() - 1;
  AttributeReader reader{kLimit};
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_EQ(reader.scan({bytes.data(), size}, "request"), Step::need_more);
    const bool in_value = (size >= wanted_value && size < name) || (size >= value && size < end);
    EXPECT_EQ(reader.within_value(), in_value) << size;
    EXPECT_EQ(reader.past_wanted(), size >= name) << size;
  }
}

TEST(AttributeReaderTest, AWantedValueIsThereBeforeItsListIs) {
  AttributeReader reader{kLimit};
  const std::string bytes = strings({"request", "find_endp", "lab"});
  ASSERT_EQ(reader.scan(bytes, "request"), Step::need_more);
  ASSERT_TRUE(reader.past_wanted());
  EXPECT_EQ(reader.string(0), "find_endp");
}

}  // namespace
}  // namespace scache::wire
