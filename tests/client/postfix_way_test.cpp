// SPDX-License-Identifier: Apache-2.0
#include "client/postfix_way.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "client/channel_fixture.hpp"

namespace scache::client {
namespace {

using std::chrono::milliseconds;
using test::list;

class PostfixWay : public ChannelTest {
 protected:
  Connection connection_{.descriptor = Descriptor{test::pipe_pair().first.release()},
                         .endpoint = "e",
                         .endpoint_properties = "p"};
  Handover handover_{connection_.descriptor};

  Result<Saved> save(const SaveOptions& options = {}) {
    return postfix_way::save(channel_, connection_, options, soon(), handover_);
  }
};

TEST_F(PostfixWay, FindsByEndpoint) {
  peer_->say(test::endpoint_hit("ep"));
  peer_->give(test::kByte, test::pipe_pair().first);
  const auto found = postfix_way::find_endpoint(channel_, "e", soon());
  ASSERT_TRUE(found);
  EXPECT_TRUE(test::is_close_on_exec(found->descriptor.get()));
  EXPECT_EQ(found->endpoint, "e");
  EXPECT_EQ(found->endpoint_properties, "ep");
  EXPECT_EQ(found->id, 0U);
  EXPECT_TRUE(channel_.in_step());
  peer_->expect(test::find_endp("e") + test::kDummy + test::kDummy);
}

TEST_F(PostfixWay, FindsByDestination) {
  peer_->say(test::destination_hit("dp", "ep"));
  peer_->give(test::kByte, test::pipe_pair().first);
  const auto found = postfix_way::find_destination(channel_, "d", soon());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->endpoint, "");
  EXPECT_EQ(found->endpoint_properties, "ep");
  EXPECT_EQ(found->destination_properties, "dp");
  peer_->expect(test::find_dest("d") + test::kDummy + test::kDummy);
}

TEST_F(PostfixWay, FindsNothing) {
  peer_->say(test::kNoEndpoint);
  auto found = postfix_way::find_endpoint(channel_, "e", soon());
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
  EXPECT_TRUE(channel_.in_step());
  peer_->say(test::kNoDestination);
  found = postfix_way::find_destination(channel_, "d", soon());
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
  peer_->say(list({"status", "1", "property", ""}));
  EXPECT_EQ(code_of(postfix_way::find_endpoint(channel_, "e", soon())), ErrorCode::malformed);
  EXPECT_TRUE(channel_.in_step());
}

TEST_F(PostfixWay, SavesBindingsAndThenTheConnection) {
  peer_->say(test::kSaved + test::kFailed + test::kDummy);
  // The server reads the request and then sends its last message.
  peer_->say(test::kSaved);
  const SaveOptions options{.ttl = milliseconds{1'001},
                            .bindings = {{"d1", "dp", milliseconds{1}}, {"d2"}}};
  const auto saved = save(options);
  ASSERT_TRUE(saved);
  EXPECT_EQ(saved->bindings, 1U);
  EXPECT_EQ(saved->id, 0U);
  EXPECT_TRUE(channel_.in_step());
  peer_->expect(test::save_dest("d1", "dp", "e", "1") +
                test::save_dest("d2", "", "e", "2147483647") + test::save_endp("e", "p", "2") +
                test::kByte);
  EXPECT_TRUE(peer_->take_descriptor());
  EXPECT_TRUE(handover_.is_sent());
}

TEST_F(PostfixWay, SaysWhyNothingWasSaved) {
  peer_->say(test::kBad);
  EXPECT_EQ(code_of(save()), ErrorCode::malformed);
  EXPECT_TRUE(channel_.in_step());
  peer_->say(test::kBad);
  EXPECT_EQ(code_of(save({.bindings = {{"d"}}})), ErrorCode::malformed);
  EXPECT_FALSE(handover_.is_sent());
  peer_->say(test::kDummy + test::kFailed);
  EXPECT_EQ(code_of(save()), ErrorCode::refused);
  EXPECT_TRUE(handover_.is_sent());
  EXPECT_TRUE(channel_.in_step());
}

TEST_F(PostfixWay, GivesUpAStreamWithAnAnswerTooMany) {
  peer_->say(test::kSaved + test::kFailed);
  EXPECT_TRUE(postfix_way::bind(channel_, {"d"}, "e", soon()));
  EXPECT_FALSE(channel_.in_step());
}

TEST_F(PostfixWay, BindsOrSaysWhyNot) {
  peer_->say(test::kSaved);
  EXPECT_TRUE(postfix_way::bind(channel_, {"d", "dp", milliseconds{5'000}}, "e", soon()));
  peer_->expect(test::save_dest("d", "dp", "e", "5"));
  peer_->say(test::kFailed);
  EXPECT_EQ(code_of(postfix_way::bind(channel_, {"d"}, "e", soon())), ErrorCode::full);
  EXPECT_TRUE(channel_.in_step());
}

TEST_F(PostfixWay, HasNoNulBytes) {
  const std::string nul(1, '\0');
  EXPECT_EQ(code_of(postfix_way::find_endpoint(channel_, nul, soon())), ErrorCode::unsupported);
  EXPECT_EQ(code_of(postfix_way::bind(channel_, {"d", nul}, "e", soon())), ErrorCode::unsupported);
  EXPECT_EQ(code_of(save({.bindings = {{nul}}})), ErrorCode::unsupported);
  connection_.endpoint_properties = nul;
  EXPECT_EQ(code_of(save()), ErrorCode::unsupported);
  EXPECT_TRUE(channel_.in_step()) << "nothing was sent";
}

TEST_F(PostfixWay, RefusesWhatNoServerReads) {
  const std::string much(300'000, 'x');
  EXPECT_EQ(code_of(postfix_way::find_endpoint(channel_, much, soon())), ErrorCode::too_large);
  EXPECT_EQ(code_of(save({.ttl = milliseconds{0}})), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(postfix_way::bind(channel_, {"d", "", milliseconds{0}}, "e", soon())),
            ErrorCode::invalid_argument);
  EXPECT_TRUE(channel_.in_step()) << "nothing was sent";
}

TEST_F(PostfixWay, EndsAtGarbage) {
  peer_->say("no list\n" + std::string(2, '\0'));
  EXPECT_EQ(code_of(postfix_way::find_endpoint(channel_, "e", soon())), ErrorCode::protocol);
  EXPECT_FALSE(channel_.in_step());
}

TEST_F(PostfixWay, EndsWhereNoDescriptorComes) {
  peer_->say(test::endpoint_hit("p") + test::kByte);
  EXPECT_EQ(code_of(postfix_way::find_endpoint(channel_, "e", soon())), ErrorCode::protocol);
  EXPECT_FALSE(channel_.in_step());
}

TEST_F(PostfixWay, NoticesThatTheServerGoes) {
  peer_->say(test::endpoint_hit("p"));
  peer_->leave();
  EXPECT_EQ(code_of(postfix_way::find_endpoint(channel_, "e", soon())), ErrorCode::disconnected);
}

TEST_F(PostfixWay, TellsWhetherTheDescriptorWasGiven) {
  peer_->say(test::kDummy.substr(0, 3));
  auto saved = postfix_way::save(channel_, connection_, {},
                                 after(BootClock::now(), milliseconds{10}), handover_);
  EXPECT_EQ(code_of(saved), ErrorCode::timeout);
  EXPECT_FALSE(handover_.is_sent());
}

}  // namespace
}  // namespace scache::client
