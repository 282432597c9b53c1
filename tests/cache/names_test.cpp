// SPDX-License-Identifier: Apache-2.0
#include "cache/names.hpp"

#include <set>
#include <string>

#include "cache/cache_fixture.hpp"
#include "cache/text_node.hpp"
#include "support/rooms.hpp"

// Names and properties may have any bytes.

namespace scache::test {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

TEST(NameHashTest, EqualNamesHaveEqualHashes) {
  const NameHash hash;
  const std::string one = "smtp\nexample.org\n";
  const std::string two = "smtp\nexample.org\n";
  EXPECT_EQ(hash(one), hash(two));
  EXPECT_EQ(hash(""), hash(std::string_view{}));
}

TEST(NameHashTest, EveryByteCounts) {
  const NameHash hash;
  std::set<std::uint64_t> hashes;
  const auto names = {""sv, "\0"sv, "\0\0"sv, "a"sv, "a\0"sv, "a\0b"sv, "a\0c"sv, "ab"sv};
  for (const auto name : names) hashes.insert(hash(name));
  EXPECT_EQ(hashes.size(), names.size());
}

TEST(NameHashTest, TheKeyIsDrawnAnew) {
  const NameHash one;
  const NameHash two;
  EXPECT_NE(one("name"), two("name"));
}

struct TestNode final : TextNode<TestNode> {
  static constexpr std::size_t kBeside = 100;

  explicit TestNode(int* alive) : alive_{alive} { ++*alive_; }
  ~TestNode() { --*alive_; }

 private:
  int* alive_;
};

TEST(TextNodeTest, KeepsItsOwnCopyOfTheText) {
  int alive = 0;
  std::string text = ("a\0b"s).append(1'000, 'x');
  const std::string copy = text;
  auto node = TestNode::create(text, &alive);
  text.assign(text.size(), 'y');
  EXPECT_EQ(node->text(), copy);
  EXPECT_EQ(node->bytes(), TestNode::bytes_with(copy.size()));
  EXPECT_GT(node->bytes(), sizeof(TestNode) + copy.size() + TestNode::kBeside);
}

TEST(TextNodeTest, TheTextMayBeEmpty) {
  int alive = 0;
  auto node = TestNode::create({}, &alive);
  EXPECT_EQ(node->text(), "");
  EXPECT_EQ(node->bytes(), TestNode::bytes_with(0));
}

TEST(TextNodeTest, TheOwnerEndsTheNode) {
  int alive = 0;
  {
    auto node = TestNode::create("text", &alive);
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
}

using CacheNamesTest = CacheTest;

TEST_F(CacheNamesTest, NulsAreBytesLikeOthers) {
  save("e\0a"sv, "c\0a"sv);
  save("e\0b"sv, "c\0b"sv);
  save("e", "c");
  bind("d\0a"sv, "b\0"sv, "e\0b"sv);
  EXPECT_EQ(take_by("d"), "miss");
  EXPECT_EQ(take_by("d\0a"sv), "b\0/e\0b/c\0b"sv);
  EXPECT_EQ(take("e\0a"sv), "c\0a"sv);
  EXPECT_EQ(take("e"), "c");
  EXPECT_EQ(take("e\0"sv), "miss");
}

TEST_F(CacheNamesTest, EmptyNamesAndPropertiesAreNames) {
  EXPECT_EQ(save("", ""), SaveOutcome::saved);
  EXPECT_EQ(bind("", "", ""), SaveOutcome::saved);
  EXPECT_EQ(bind({}, {}, {}), SaveOutcome::renewed);
  EXPECT_EQ(cache().endpoints(), 1U);
  EXPECT_EQ(take_by(""), "//");
  EXPECT_EQ(take(""), "miss");
}

TEST_F(CacheNamesTest, HugeNamesAreKeptWhole) {
  const std::string endpoint(1 << 20, 'e');
  const std::string destination(1 << 20, 'd');
  const std::string properties(1 << 20, 'p');
  save(endpoint, properties);
  bind(destination, properties, endpoint);
  EXPECT_GT(cache().bytes(), 4U << 20);
  EXPECT_EQ(take(endpoint + "e"), "miss");
  EXPECT_EQ(take(endpoint.substr(1)), "miss");
  EXPECT_EQ(take_by(destination), properties + "/" + endpoint + "/" + properties);
}

TEST_F(CacheNamesTest, TheCacheKeepsItsOwnCopies) {
  std::string endpoint = "e";
  std::string destination = "d";
  std::string properties = "p";
  save(endpoint, properties);
  bind(destination, properties, endpoint);
  endpoint = destination = properties = "x";
  EXPECT_EQ(take_by("d"), "p/e/p");
}

// Views that the cache has returned may be passed to it again.
TEST_F(CacheNamesTest, ATextOfTheCacheMayBeSavedAgain) {
  start({.bindings_of_destination = 1});
  bind("d", "b", "e");
  save("e", "c");
  {
    auto hit = cache().find_destination("d", at(0));
    ASSERT_TRUE(hit);
    EXPECT_EQ(save(hit->claim.record().endpoint, hit->claim.record().properties),
              SaveOutcome::saved);
    EXPECT_EQ(bind("d", hit->properties, hit->claim.record().properties), SaveOutcome::saved);
    hit->claim.commit();
  }
  EXPECT_EQ(take("e"), "c");
  save("c", "last");
  EXPECT_EQ(take_by("d"), "b/c/last");
}

}  // namespace
}  // namespace scache::test
