// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "server/direct_fixture.hpp"
#include "server/direct_session.hpp"

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using namespace test;
using direct::FrameWriter;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(DirectSessionTest, AFlagWithoutADescriptorEndsTheSession) {
  talk.say(save_frame(1, "e"));
  EXPECT_TRUE(talk.is_over());
  EXPECT_THAT(log.take(), ElementsAre(HasSubstr("a frame arrived without its descriptor")));
}

TEST_F(DirectSessionTest, ADescriptorWithoutAFlagEndsTheSession) {
  talk.say(find_frame(1, "e"), {tcp.first.get()});
  EXPECT_TRUE(talk.is_over());
  EXPECT_THAT(log.take(), ElementsAre(HasSubstr("a descriptor arrived without its frame")));
}

TEST_F(DirectSessionTest, TwoDescriptorsEndTheSession) {
  talk.say(save_frame(1, "e"), {tcp.first.get(), tcp.second.get()});
  EXPECT_TRUE(talk.is_over());
  EXPECT_EQ(service.cache().connections(), 0u);
}

TEST_F(DirectSessionTest, ASecondDescriptorBeforeTheFirstOnesFrameIsWholeEndsTheSession) {
  const std::string bytes = save_frame(1, "e");
  talk.say(bytes.substr(0, 10), {tcp.first.get()});
  EXPECT_FALSE(talk.is_over());
  talk.say(bytes.substr(10), {tcp.second.get()});
  EXPECT_TRUE(talk.is_over());
}

TEST_F(DirectSessionTest, BadFramesEndTheSessionWithAWord) {
  std::string bytes = find_frame(3, "e");
  bytes[0] = 23;
  talk.say(bytes);
  const auto replies = talk.hear();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].code(), ErrorCode::malformed);
  EXPECT_TRUE(talk.is_over());
}

TEST_F(DirectSessionTest, BadRequestsAreAnsweredAndTheSessionGoesOn) {
  const std::string big(policy.limits.name + 1, 'x');
  const std::string props(policy.limits.properties + 1, 'x');
  struct {
    std::string bytes;
    ErrorCode code;
  } const cases[] = {
      {frame(static_cast<Kind>(99), 1), ErrorCode::unsupported},
      {frame(Kind::found, 1), ErrorCode::unsupported},
      {frame(Kind::find, 1), ErrorCode::malformed},
      {frame(Kind::find, 1, {{Tag::endpoint, "e"}, {Tag::destination, "d"}}), ErrorCode::malformed},
      {frame(Kind::save, 1, {{Tag::endpoint, "e"}}), ErrorCode::malformed},
      {frame(Kind::bind, 1, {{Tag::endpoint, "e"}}), ErrorCode::malformed},
      {frame(Kind::bind, 1, {{Tag::destination, "d"}}), ErrorCode::malformed},
      {frame(Kind::bind, 1, {{Tag::destination, "d"}, {Tag::endpoint, "e"}}, {{Tag::ttl, 0}}),
       ErrorCode::malformed},
      {frame(Kind::drop, 1), ErrorCode::malformed},
      {frame(Kind::drop, 1, {{Tag::prefix, ""}, {Tag::endpoint, ""}}), ErrorCode::malformed},
      {frame(Kind::list, 1, {}, {{Tag::what, 0}}), ErrorCode::malformed},
      {frame(Kind::list, 1, {}, {{Tag::what, 4}}), ErrorCode::malformed},
      {frame(Kind::list, 1, {}, {{Tag::limit, 0}}), ErrorCode::malformed},
      {frame(Kind::list, 1, {{Tag::cursor, "short"}}), ErrorCode::malformed},
      {frame(Kind::cancel, 1), ErrorCode::malformed},
      {find_frame(1, big), ErrorCode::too_large},
      {frame(Kind::bind, 1,
             {{Tag::destination, "d"}, {Tag::endpoint, "e"}, {Tag::destination_properties, props}}),
       ErrorCode::too_large},
  };
  for (const auto& [bytes, code] : cases) {
    const Reply reply = talk.ask(bytes);
    EXPECT_EQ(reply.kind, Kind::error);
    EXPECT_EQ(reply.id, 1u);
    EXPECT_EQ(reply.code(), code) << reply.text(Tag::text);
    EXPECT_NE(reply.text(Tag::text), "");
    EXPECT_THAT(log.take(), ElementsAre(HasSubstr(direct::name_of(code))));
  }
  EXPECT_EQ(talk.ask(find_frame(2, std::string(policy.limits.name, 'x'))).kind, Kind::found);
}

TEST_F(DirectSessionTest, ADescriptorOfABadSaveIsClosed) {
  talk.ask(save_frame(1, "e", {{Tag::ttl, 0}}), {tcp.first.get()});
  tcp.first.reset();
  EXPECT_TRUE(comes_alone(tcp.second));
}

TEST_F(DirectSessionTest, ADescriptorThatIsNoSavesIsClosed) {
  const Reply reply = talk.ask(frame(Kind::ping, 1, {}, {}, true), {tcp.first.get()});
  EXPECT_EQ(reply.code(), ErrorCode::malformed);
  tcp.first.reset();
  EXPECT_TRUE(comes_alone(tcp.second));
}

TEST_F(DirectSessionTest, ADescriptorWithinAFrameThatHasOneEndsTheSession) {
  for (const std::size_t first : std::initializer_list<std::size_t>{10, 24, 30}) {
    Talk another{*this};
    const std::string bytes = save_frame(1, "e");
    another.say(bytes.substr(0, first), {tcp.first.get()});
    EXPECT_FALSE(another.is_over());
    another.say(bytes.substr(first), {tcp.first.get()});
    EXPECT_TRUE(another.is_over()) << first;
    EXPECT_THAT(log.take(), SizeIs(1));
  }
  EXPECT_EQ(service.cache().connections(), 0u);
}

TEST_F(DirectSessionTest, ItsLastWordIsSaidOnceHoweverSlowlyItIsRead) {
  Talk slow{*this, narrow_pair()};
  std::string bytes;
  for (int i = 0; i < 30; ++i) bytes += frame(Kind::statistics, 1);
  std::string bad = find_frame(3, "e");
  bad[0] = 23;
  slow.say(bytes + bad);
  EXPECT_FALSE(slow.is_over());
  EXPECT_THAT(log.take(), SizeIs(1));
  std::vector<Reply> replies;
  while (!slow.is_over()) {
    for (Reply& reply : slow.hear()) replies.push_back(std::move(reply));
    settle();
  }
  for (Reply& reply : slow.hear()) replies.push_back(std::move(reply));
  ASSERT_THAT(replies, SizeIs(31));
  EXPECT_EQ(replies.back().code(), ErrorCode::malformed);
  EXPECT_THAT(log.take(), SizeIs(0));
}

}  // namespace
}  // namespace scache::server
