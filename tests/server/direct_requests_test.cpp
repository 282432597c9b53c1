// SPDX-License-Identifier: Apache-2.0
#include "server/direct_requests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "server/service_fixture.hpp"
#include "support/client.hpp"
#include "support/direct_messages.hpp"

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using namespace test;
using direct::ErrorCode;
using direct::Kind;
using direct::Tag;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DirectRequestsTest : public ServiceFixture {
 protected:
  // Executes the request of a frame. Returns the replies in the output.
  std::vector<Reply> serve(const std::string& bytes, Fd fd = {}) {
    requests.serve(direct::read_frame(bytes), std::move(fd));
    return replies();
  }
  std::vector<Reply> replies() {
    std::vector<Reply> all;
    while (std::optional<Reply> reply = take_reply(stream.output())) {
      all.push_back(std::move(*reply));
    }
    return all;
  }
  Fd copy() const { return Fd{::dup(pipe.first.get())}; }
  bool is_cached(std::string_view endpoint) {
    return service.find(caller, FindEndpoint{endpoint}, clock.now()).has_value();
  }

  Ends ends = socket_pair();
  SocketClient client{std::move(ends.second)};
  Stream stream{loop, closer, std::move(ends.first), kUser};
  Ends pipe = pipe_pair();
  std::optional<DirectRequests> owner{std::in_place, stream, service, log, caller};
  DirectRequests& requests = *owner;
};

TEST_F(DirectRequestsTest, AppendsTheReplyToTheOutput) {
  const std::vector<Reply> replies = serve(frame(Kind::ping, 7));
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].kind, Kind::pong);
  EXPECT_EQ(replies[0].id, 7u);
  EXPECT_EQ(client.read(), "") << "sending is the session's";
}

TEST_F(DirectRequestsTest, AConnectionThatIsFoundIsSentByItself) {
  serve(save_frame(1, "e"), copy());
  EXPECT_THAT(serve(find_frame(2, "e")), IsEmpty());
  EXPECT_TRUE(requests.has_found());
  EXPECT_FALSE(is_cached("e"));
  EXPECT_TRUE(requests.send_found().moved());
  EXPECT_FALSE(requests.has_found());
  std::string bytes = client.read();
  const auto found = take_reply(bytes);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, 2u);
  EXPECT_THAT(client.descriptors(), SizeIs(1));
  EXPECT_EQ(service.totals().endpoint_hits, 1u);
}

TEST_F(DirectRequestsTest, AFoundConnectionThatCannotBeSentReturns) {
  serve(save_frame(1, "e"), copy());
  serve(find_frame(2, "e"));
  client.leave();
  const Flow flow = requests.send_found();
  EXPECT_FALSE(flow.moved() || flow.must_wait());
  EXPECT_FALSE(requests.has_found());
  EXPECT_TRUE(is_cached("e"));
}

TEST_F(DirectRequestsTest, ARequestThatTakesTimeIsUnderWayUntilItsLastStep) {
  for (std::size_t i = 0; i < kEntriesOfStep + 1; ++i) {
    service.save(caller, SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
  }
  EXPECT_THAT(serve(frame(Kind::drop, 3, {{Tag::prefix, ""}})), IsEmpty());
  EXPECT_EQ(requests.under_way().size(), 1u);
  requests.run_step();
  EXPECT_THAT(replies(), IsEmpty());
  requests.run_step();
  const std::vector<Reply> done = replies();
  ASSERT_THAT(done, SizeIs(1));
  EXPECT_EQ(done[0].number(Tag::bindings), kEntriesOfStep + 1);
  EXPECT_TRUE(requests.under_way().empty());
}

TEST_F(DirectRequestsTest, ARequestThatCannotBeReadIsRefusedAndItsDescriptorClosed) {
  Fd given = copy();
  const int number = given.get();
  const std::vector<Reply> replies = serve(frame(Kind::save, 4, {}, {}, true), std::move(given));
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].code(), ErrorCode::malformed);
  EXPECT_TRUE(comes_true([number] { return !is_open(number); }));
  EXPECT_THAT(log.take(), SizeIs(1));
}

TEST_F(DirectRequestsTest, AFrameThatCannotBeReadIsRefused) {
  requests.refuse_frame(5);
  const std::vector<Reply> refused = replies();
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].id, 5u);
  EXPECT_EQ(refused[0].code(), ErrorCode::malformed);
  EXPECT_THAT(log.take(), SizeIs(1));
}

TEST_F(DirectRequestsTest, ItsEndDropsASaveWhoseReplyWasNotSent) {
  const std::string told = save_frame(1, "told");
  const std::string untold = save_frame(2, "untold");
  requests.serve(direct::read_frame(told), copy());
  EXPECT_TRUE(stream.send_output().moved());
  requests.serve(direct::read_frame(untold), copy());
  owner.reset();
  EXPECT_TRUE(is_cached("told"));
  EXPECT_FALSE(is_cached("untold"));
}

TEST_F(DirectRequestsTest, WithoutARightARequestIsDenied) {
  Caller someone{.policy = policy, .user = kUser, .rights = {}};
  Actions find;
  find.add(Action::find);
  someone.rights.add(std::make_shared<Grant>(Grant{.actions = find, .names = {"a"}}));
  owner.reset();
  owner.emplace(stream, service, log, someone);
  const std::vector<std::string> denied{
      find_frame(1, "b"),
      frame(Kind::find, 1, {{Tag::destination, "b"}}),
      frame(Kind::bind, 1, {{Tag::destination, "a"}, {Tag::endpoint, "a"}}),
      frame(Kind::drop, 1, {{Tag::endpoint, "a"}}),
      frame(Kind::drop, 1, {{Tag::destination, "a"}}),
      frame(Kind::drop, 1, {{Tag::prefix, ""}}),
      frame(Kind::list, 1),
      frame(Kind::statistics, 1)};
  for (const std::string& bytes : denied) {
    const std::vector<Reply> replies = serve(bytes);
    ASSERT_THAT(replies, SizeIs(1)) << testing::PrintToString(bytes);
    EXPECT_EQ(replies[0].code(), ErrorCode::denied) << testing::PrintToString(bytes);
  }
  const std::vector<Reply> replies = serve(save_frame(1, "a"), copy());
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].code(), ErrorCode::denied);
  EXPECT_EQ(serve(find_frame(2, "a"))[0].kind, Kind::found);
  EXPECT_EQ(serve(frame(Kind::ping, 3))[0].kind, Kind::pong);
}

}  // namespace
}  // namespace scache::server
