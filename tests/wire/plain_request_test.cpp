#include "wire/plain_request.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <variant>
#include <vector>

#include "support/messages.hpp"
#include "wire/attribute_reader.hpp"

namespace scache::postfix_codec {
namespace {

using namespace std::string_literals;
using namespace test;

// A request as one can compare it.
std::string spelt(const Request& request) {
  struct {
    std::string operator()(const SaveEndpoint& r) const {
      return "save_endp " + std::to_string(r.ttl.count()) + list({r.endpoint, r.properties});
    }
    std::string operator()(const SaveDestination& r) const {
      return "save_dest " + std::to_string(r.ttl.count()) +
             list({r.destination, r.properties, r.endpoint});
    }
    std::string operator()(const FindEndpoint& r) const {
      return "find_endp " + list({r.endpoint});
    }
    std::string operator()(const FindDestination& r) const {
      return "find_dest " + list({r.destination});
    }
  } const speller;
  return std::visit(speller, request);
}

// Whether it is read in one go; if it is, just as string by string.
bool is_plain(const std::string& bytes, const WireLimits& limits = {}) {
  const auto plain = read_plain(bytes, limits);
  if (!plain) return false;
  AttributeReader reader{limits.list};
  EXPECT_EQ(reader.scan(bytes, kRequest), AttributeReader::Step::list);
  EXPECT_EQ(reader.consumed(), plain->size);
  const Decoded decoded = decode(reader, limits, "test");
  EXPECT_TRUE(decoded.warnings.empty());
  EXPECT_EQ(decoded.kind, plain->kind);
  if (!decoded.request) {
    ADD_FAILURE() << "decode() refuses it";
    return true;
  }
  EXPECT_EQ(spelt(*decoded.request), spelt(plain->request));
  return true;
}

const std::vector<std::string> kRequests{save_endp("e", "p"), save_dest("d", "dp", "e"),
                                         find_endp("e"), find_dest("d")};

TEST(PlainRequestTest, WhatPostfixsClientsSayIsReadInOneGo) {
  for (const std::string& request : kRequests) {
    EXPECT_TRUE(is_plain(request));
    EXPECT_TRUE(is_plain(request + "whatever comes behind it"));
  }
  EXPECT_TRUE(is_plain(save_endp("", "", "1")));
  EXPECT_TRUE(is_plain(save_endp("smtp\n25\n", std::string(700, 'x'), "999999999")));
}

TEST(PlainRequestTest, WhatIsNotWholeIsNot) {
  for (const std::string& request : kRequests) {
    for (std::size_t size = 0; size < request.size(); ++size) {
      EXPECT_FALSE(is_plain(request.substr(0, size)));
    }
  }
}

TEST(PlainRequestTest, AnyOtherByteIsReadAsItIsStringByStringOrNotAtAll) {
  for (const std::string& request : kRequests) {
    for (std::size_t at = 0; at < request.size(); ++at) {
      for (const char byte : {'\0', 'a', '0', '-', ' ', '\xff'}) {
        std::string changed = request;
        changed[at] = byte;
        is_plain(changed);
        is_plain(changed + request);
        changed.insert(at, 1, byte);
        is_plain(changed + request);
        is_plain(request.substr(0, at) + request.substr(at + 1) + request);
      }
    }
  }
}

TEST(PlainRequestTest, OtherFormsOfANumberAreNot) {
  for (const char* ttl :
       {"", "0", "00", "-1", "+1", " 1", "1 ", "1s", "1000000000", "4294967297"}) {
    EXPECT_FALSE(is_plain(save_endp("e", "p", ttl))) << ttl;
  }
  EXPECT_TRUE(is_plain(save_endp("e", "p", "007")));
}

TEST(PlainRequestTest, WhatIsOverALimitIsNot) {
  const WireLimits limits{.name = 3, .properties = 4, .list = 70};
  const std::string name(3, 'n');
  const std::string properties(4, 'p');
  EXPECT_TRUE(is_plain(save_dest(name, properties, name), {.name = 3, .properties = 4}));
  EXPECT_TRUE(is_plain(find_endp(name), limits));
  EXPECT_TRUE(is_plain(find_dest(name), limits));
  EXPECT_TRUE(is_plain(save_endp(name, properties, "1"), limits));
  EXPECT_FALSE(is_plain(find_endp(name + "n"), limits));
  EXPECT_FALSE(is_plain(find_dest(name + "n"), limits));
  EXPECT_FALSE(is_plain(save_endp(name + "n", properties, "1"), limits));
  EXPECT_FALSE(is_plain(save_endp(name, properties + "p", "1"), limits));
  const std::size_t size = save_dest(name, properties, name, "1").size();
  EXPECT_TRUE(
      is_plain(save_dest(name, properties, name, "1"), {.name = 3, .properties = 4, .list = size}));
  EXPECT_FALSE(is_plain(save_dest(name, properties, name, "1"),
                        {.name = 3, .properties = 4, .list = size - 1}));
  EXPECT_FALSE(is_plain(save_dest(name + "n", properties, name), limits));
  EXPECT_FALSE(is_plain(save_dest(name, properties, name + "n"), limits));
}

TEST(PlainRequestTest, ADummyAlone) {
  EXPECT_TRUE(begins_with_dummy(test::kDummy));
  EXPECT_EQ(test::kDummy.size(), kDummySize);
  EXPECT_TRUE(begins_with_dummy(test::kDummy + "x"));
  EXPECT_FALSE(begins_with_dummy(test::kDummy.substr(0, kDummySize - 1)));
  EXPECT_FALSE(begins_with_dummy("dummy\0x\0\0"s));
  EXPECT_FALSE(begins_with_dummy("dummy\0\0x\0y\0\0"s));
}

}  // namespace
}  // namespace scache::postfix_codec
