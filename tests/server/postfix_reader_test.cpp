// SPDX-License-Identifier: Apache-2.0
#include "server/postfix_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "server/service_fixture.hpp"
#include "support/client.hpp"
#include "support/messages.hpp"

namespace scache::server {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Status = PostfixReader::Status;

class PostfixReaderTest : public ServiceFixture, private SessionEvents {
 protected:
  // Starts to wait for a list with the name `request`.
  void start() { (task = read()).start(); }
  void say(const std::string& bytes) {
    EXPECT_TRUE(client.send(bytes, {}));
    settle();
  }

  Ends ends = socket_pair();
  SocketClient client{std::move(ends.second)};
  Stream stream{loop, closer, std::move(ends.first)};
  const ListenPolicy policy{
      .limits = {.list = 100}, .time_limit = std::chrono::seconds{10}, .source = "socket"};
  PostfixReader reader{stream, *this, log, policy};
  Task<> task;
  std::vector<Status> results;
  std::string first;
  int idle_count = 0;
  int busy_count = 0;

 private:
  Task<> read() {
    reader.start_time_limit();
    const Status status = co_await reader.read_list("request");
    results.push_back(status);
    if (status == Status::list) first = reader.list().string(0);
  }
  void idle() noexcept override { ++idle_count; }
  void busy() noexcept override { ++busy_count; }
};

TEST_F(PostfixReaderTest, FindsAListThatIsThereWithoutWaiting) {
  EXPECT_TRUE(client.send(list({"request", "find_endp"}), {}));
  stream.receive_input();
  start();
  EXPECT_THAT(results, ElementsAre(Status::list));
  EXPECT_EQ(first, "find_endp");
  reader.drop_list();
  EXPECT_TRUE(stream.input().empty());
  EXPECT_EQ(idle_count, 0);
}

TEST_F(PostfixReaderTest, SendsWhatIsToBeSentBeforeItWaits) {
  stream.output() += "reply";
  start();
  EXPECT_EQ(client.read(), "reply");
  EXPECT_THAT(results, IsEmpty());
  EXPECT_EQ(idle_count, 1);
}

TEST_F(PostfixReaderTest, IsBusyFromTheFirstByteOfARequest) {
  start();
  say("req");
  EXPECT_EQ(busy_count, 1);
  EXPECT_THAT(results, ElementsAre(Status::incomplete));
  EXPECT_EQ(reader.deadline(), after(loop.now(), policy.time_limit));
}

TEST_F(PostfixReaderTest, TellsAnEndFromATimeout) {
  start();
  client.leave();
  settle();
  EXPECT_THAT(results, ElementsAre(Status::end));
  EXPECT_EQ(reader.error(), 0);
  EXPECT_THAT(log.take(), IsEmpty());
}

TEST_F(PostfixReaderTest, AnUnfinishedListHasTimeUntilTheLimit) {
  start();
  say("request");
  start();
  clock.advance(policy.time_limit);
  settle();
  EXPECT_THAT(results, ElementsAre(Status::incomplete, Status::end));
  EXPECT_EQ(reader.error(), ETIMEDOUT);
  EXPECT_EQ(log.take().size(), 1u);
}

TEST_F(PostfixReaderTest, AListThatIsTooLongEndsTheSession) {
  start();
  say(std::string(policy.limits.list + 1, 'x'));
  EXPECT_THAT(results, ElementsAre(Status::invalid));
  EXPECT_EQ(log.take().size(), 1u);
}

}  // namespace
}  // namespace scache::server
