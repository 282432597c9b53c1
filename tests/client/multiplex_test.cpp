// SPDX-License-Identifier: Apache-2.0
#include "client/multiplex.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/channel_fixture.hpp"
#include "support/few_descriptors.hpp"

namespace scache::client {
namespace {

using direct::Kind;
using direct::Tag;
using test::Peer;

// There is one thread: the test controls the server's end, and the client never blocks.
class ManyUnderWay : public test::DescriptorCensus {
 protected:
  // Accepts the client and performs the handshake.
  void agree() {
    multiplex_->process();
    peer_.emplace(Peer::accept(listening_.descriptor()));
    peer_->say(test::kGreeting);
    multiplex_->process();
    peer_->expect(test::kWish);
    peer_->say(test::kAgreed);
    multiplex_->process();
  }

  RequestId find(std::string_view endpoint = "e") {
    const RequestId id = multiplex_->next_id();
    multiplex_->start(id, Kind::find, find_request(id, Tag::endpoint, endpoint));
    return id;
  }
  RequestId ping() {
    const RequestId id = multiplex_->next_id();
    multiplex_->start(id, Kind::ping, ping_request(id));
    return id;
  }
  RequestId save(Connection connection) {
    const RequestId id = multiplex_->next_id();
    auto frame = save_request(id, connection, {}, {});
    multiplex_->start(id, Kind::save, std::move(frame), std::move(connection));
    return id;
  }
  RequestId cancel(RequestId target) {
    const RequestId id = multiplex_->next_id();
    multiplex_->cancel(id, target);
    return id;
  }
  static Connection some_connection() {
    return {.descriptor = Descriptor{test::pipe_pair().first.release()}, .endpoint = "e"};
  }

  Multiplex::Outcome outcome() {
    auto next = multiplex_->next_outcome();
    EXPECT_TRUE(next) << "there is no outcome";
    return next ? std::move(*next) : Multiplex::Outcome{0, Error{}, {}};
  }
  void expect_error(RequestId id, ErrorCode code) {
    const auto ended = outcome();
    EXPECT_EQ(ended.id, id);
    EXPECT_EQ(code_of(ended.answer), code);
  }

  test::Listening listening_;
  std::optional<Multiplex> multiplex_{std::in_place, listening_.path()};
  std::optional<Peer> peer_;
};

TEST_F(ManyUnderWay, NothingIsOpenedBeforeItIsNeeded) {
  EXPECT_FALSE(multiplex_->wants_process());
  multiplex_->process();
  EXPECT_EQ(multiplex_->descriptor(), -1);
  EXPECT_EQ(multiplex_->events(), 0);
  ping();
  EXPECT_TRUE(multiplex_->wants_process());
  agree();
  EXPECT_EQ(peer_->take_request().kind, Kind::ping);
  EXPECT_FALSE(multiplex_->wants_process());
  EXPECT_EQ(multiplex_->events(), POLLIN);
  EXPECT_EQ(multiplex_->under_way(), 1U);
}

TEST_F(ManyUnderWay, RepliesFindTheirRequestsInAnyOrder) {
  const RequestId first = find("one");
  const RequestId second = ping();
  const RequestId third = find("three");
  agree();
  EXPECT_EQ(peer_->take_request().fields().bytes(Tag::endpoint), "one");
  peer_->give(test::found(third, "three"), test::pipe_pair().first);
  peer_->say(test::FrameText{Kind::pong, second}.put(Tag::server, std::string_view{"s"}).text());
  peer_->say(test::not_found(first));
  multiplex_->process();
  auto found = outcome();
  EXPECT_EQ(found.id, third);
  ASSERT_TRUE(found.answer);
  EXPECT_EQ(std::get<Connection>(*found.answer).endpoint, "three");
  EXPECT_TRUE(std::get<Connection>(*found.answer));
  const auto pong = outcome();
  EXPECT_EQ(pong.id, second);
  EXPECT_EQ(std::get<std::string>(*pong.answer), "s");
  const auto missed = outcome();
  EXPECT_EQ(missed.id, first);
  EXPECT_FALSE(std::get<Connection>(*missed.answer));
  EXPECT_FALSE(multiplex_->next_outcome());
  EXPECT_EQ(multiplex_->under_way(), 0U);
}

TEST_F(ManyUnderWay, ASavedConnectionIsClosedHere) {
  auto connection = some_connection();
  const int number = connection.descriptor.get();
  const RequestId before = ping();
  const RequestId id = save(std::move(connection));
  const RequestId behind = ping();
  agree();
  EXPECT_EQ(peer_->take_request().id, before);
  EXPECT_EQ(peer_->take_request().id, id);
  EXPECT_TRUE(peer_->take_descriptor());
  EXPECT_EQ(peer_->take_request().id, behind);
  EXPECT_TRUE(test::is_open(number));
  peer_->say(test::saved(id));
  multiplex_->process();
  EXPECT_FALSE(test::is_open(number));
  EXPECT_EQ(std::get<Saved>(*outcome().answer).id, 7U);
}

TEST_F(ManyUnderWay, AConnectionThatWasNotSavedIsGivenBack) {
  auto connection = some_connection();
  const int number = connection.descriptor.get();
  const RequestId id = save(std::move(connection));
  agree();
  peer_->take_request();
  peer_->take_descriptor();
  peer_->say(test::failed(id, direct::ErrorCode::full));
  multiplex_->process();
  const auto ended = outcome();
  EXPECT_EQ(code_of(ended.answer), ErrorCode::full);
  EXPECT_EQ(ended.given_back.descriptor.get(), number);
  EXPECT_TRUE(test::is_open(number));
}

TEST_F(ManyUnderWay, ADescriptorThatIsNoneSpoilsItsRequestOnly) {
  const RequestId bad = save({.descriptor = Descriptor{999'999}});
  const RequestId good = ping();
  agree();
  auto ended = outcome();
  EXPECT_EQ(ended.id, bad);
  EXPECT_EQ(code_of(ended.answer), ErrorCode::invalid_argument);
  static_cast<void>(ended.given_back.descriptor.release());
  EXPECT_EQ(peer_->take_request().id, good);
}

TEST_F(ManyUnderWay, WhatDoesNotFitIsSentLater) {
  const std::string much(200'000, 'n');
  for (int i = 0; i < 8; ++i) {
    const RequestId id = multiplex_->next_id();
    multiplex_->start(id, Kind::drop, drop_request(id, Tag::prefix, much));
  }
  agree();
  EXPECT_EQ(multiplex_->events(), POLLIN | POLLOUT);
  std::thread reader{[&] {
    for (RequestId id = 1; id <= 8; ++id) EXPECT_EQ(peer_->take_request().id, id);
  }};
  while ((multiplex_->events() & POLLOUT) != 0) {
    EXPECT_FALSE(multiplex_->wants_process());
    pollfd state{.fd = multiplex_->descriptor(), .events = multiplex_->events(), .revents = 0};
    EXPECT_EQ(::poll(&state, 1, 5'000), 1);
    multiplex_->process();
  }
  reader.join();
}

TEST_F(ManyUnderWay, WhatWasNotSentIsCancelledHere) {
  const RequestId first = save(some_connection());
  const RequestId second = cancel(first);
  const auto ended = outcome();
  EXPECT_EQ(ended.id, first);
  EXPECT_EQ(code_of(ended.answer), ErrorCode::cancelled);
  EXPECT_TRUE(ended.given_back);
  const auto cancelled = outcome();
  EXPECT_EQ(cancelled.id, second);
  EXPECT_TRUE(std::get<AsyncClient::Cancelled>(*cancelled.answer).was_under_way);
  EXPECT_FALSE(multiplex_->wants_process());
}

TEST_F(ManyUnderWay, OfTheRestTheServerDecides) {
  const RequestId drop = multiplex_->next_id();
  multiplex_->start(drop, Kind::drop, drop_request(drop, Tag::prefix, ""));
  agree();
  const RequestId id = cancel(drop);
  multiplex_->process();
  peer_->take_request();
  const auto request = peer_->take_request();
  EXPECT_EQ(request.kind, Kind::cancel);
  EXPECT_EQ(request.fields().number(Tag::target), drop);
  peer_->say(test::failed(drop, direct::ErrorCode::cancelled));
  peer_->say(test::FrameText{Kind::cancel_done, id}.put(Tag::cancelled, std::uint64_t{1}).text());
  multiplex_->process();
  expect_error(drop, ErrorCode::cancelled);
  EXPECT_TRUE(std::get<AsyncClient::Cancelled>(*outcome().answer).was_under_way);
  // The id is not known any more.
  cancel(drop);
  EXPECT_FALSE(std::get<AsyncClient::Cancelled>(*outcome().answer).was_under_way);
}

TEST_F(ManyUnderWay, WithoutAServerAllEndsAtOnce) {
  multiplex_.emplace(listening_.path() + ".not");
  const RequestId id = find();
  multiplex_->process();
  expect_error(id, ErrorCode::no_server);
  EXPECT_FALSE(multiplex_->wants_process());
}

TEST_F(ManyUnderWay, ARefusingServerIsAskedOnce) {
  const RequestId first = ping();
  multiplex_->process();
  peer_.emplace(Peer::accept(listening_.descriptor()));
  peer_->say(test::kGreeting);
  multiplex_->process();
  peer_->expect(test::kWish);
  peer_->say(test::kBad);
  multiplex_->process();
  expect_error(first, ErrorCode::unsupported);
  EXPECT_TRUE(peer_->sees_end());
  expect_error(ping(), ErrorCode::unsupported);
  EXPECT_FALSE(multiplex_->wants_process());
}

TEST_F(ManyUnderWay, AServerThatGoesEndsWhatItWasSent) {
  const RequestId first = ping();
  const RequestId second = save(some_connection());
  agree();
  peer_->say(test::frame(Kind::pong, first));
  peer_->leave();
  multiplex_->process();
  EXPECT_TRUE(outcome().answer) << "what it said before is heard";
  const auto ended = outcome();
  EXPECT_EQ(ended.id, second);
  EXPECT_EQ(code_of(ended.answer), ErrorCode::disconnected);
  EXPECT_FALSE(ended.given_back) << "the server may have it";
  EXPECT_EQ(multiplex_->descriptor(), -1);
}

TEST_F(ManyUnderWay, WhatWasNotSentGoesToTheNextServer) {
  const RequestId first = ping();
  agree();
  peer_->say(test::frame(Kind::pong, first));
  multiplex_->process();
  EXPECT_TRUE(outcome().answer);
  peer_->leave();
  const RequestId second = ping();
  agree();
  EXPECT_EQ(peer_->take_request().id, second);
}

TEST_F(ManyUnderWay, GarbageEndsAll) {
  for (const std::string& garbage :
       {std::string(24, '\xff'), test::frame(Kind::pong, 99), test::found(1)}) {
    multiplex_.emplace(listening_.path());
    const RequestId id = find();
    agree();
    peer_->say(garbage);
    multiplex_->process();
    expect_error(id, ErrorCode::protocol);
    peer_->take_request();
    EXPECT_TRUE(peer_->sees_end());
  }
}

TEST_F(ManyUnderWay, AnAnswerAheadOfItsRequestEndsAll) {
  ping();
  agree();
  const RequestId id = save(some_connection());
  peer_->say(test::saved(id));
  multiplex_->process();
  expect_error(1, ErrorCode::protocol);
  const auto ended = outcome();
  EXPECT_EQ(ended.id, id);
  EXPECT_TRUE(ended.given_back);
}

TEST_F(ManyUnderWay, WhatNoServerSaysEndsAll) {
  const RequestId id = ping();
  multiplex_->process();
  peer_.emplace(Peer::accept(listening_.descriptor()));
  peer_->say("220 mail.test\r\n" + std::string(1, '\0'));
  multiplex_->process();
  expect_error(id, ErrorCode::protocol);
}

TEST_F(ManyUnderWay, BadArgumentsEndAtOnce) {
  expect_error(save(Connection{}), ErrorCode::invalid_argument);
  EXPECT_FALSE(multiplex_->wants_process());
}

TEST_F(ManyUnderWay, DisconnectEndsAllAndBeginsAnew) {
  const RequestId first = ping();
  agree();
  multiplex_->disconnect();
  expect_error(first, ErrorCode::disconnected);
  peer_->take_request();
  EXPECT_TRUE(peer_->sees_end());
  const RequestId second = ping();
  agree();
  EXPECT_EQ(peer_->take_request().id, second);
}

TEST_F(ManyUnderWay, NothingIsLookedForWithoutRoomForIt) {
  const RequestId first = ping();
  agree();
  peer_->take_request();
  peer_->say(test::frame(Kind::pong, first));
  multiplex_->process();
  EXPECT_TRUE(outcome().answer);
  const test::Ends pipe = test::pipe_pair();
  test::FewDescriptors few{1};
  const RequestId with_room = find();
  const RequestId without = find();
  const RequestId behind = ping();
  multiplex_->process();
  expect_error(without, ErrorCode::no_descriptors);
  EXPECT_EQ(peer_->take_request().id, with_room);
  EXPECT_EQ(peer_->take_request().id, behind);
  peer_->say(test::frame(Kind::pong, behind));
  multiplex_->process();
  EXPECT_EQ(outcome().id, behind);
  peer_->say(test::found(with_room), {pipe.first.get()});
  // As if another thread had taken the reserved number.
  few.allow(0);
  multiplex_->process();
  EXPECT_FALSE(multiplex_->next_outcome());
  few.allow(1);
  multiplex_->process();
  const auto found = outcome();
  EXPECT_EQ(found.id, with_room);
  EXPECT_TRUE(std::get<Connection>(*found.answer));
}

TEST_F(ManyUnderWay, AMissFreesTheRoom) {
  const RequestId first = find();
  agree();
  const test::FewDescriptors few{0};
  peer_->say(test::not_found(first));
  multiplex_->process();
  EXPECT_FALSE(std::get<Connection>(*outcome().answer));
  const RequestId second = find();
  multiplex_->process();
  peer_->take_request();
  EXPECT_EQ(peer_->take_request().id, second);
}

// Requests from before a fork continue in the parent only.
TEST_F(ManyUnderWay, NothingOfItsParentIsAChilds) {
  const RequestId lookup = find();
  agree();
  peer_->give(test::found(lookup), test::pipe_pair().first);
  multiplex_->process();
  auto connection = some_connection();
  const int number = connection.descriptor.get();
  const RequestId unsent = save(std::move(connection));
  const auto child = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  if (child == 0) {
    bool good = multiplex_->wants_process();
    for (const RequestId id : {lookup, unsent}) {
      const auto ended = multiplex_->next_outcome();
      good = good && ended && ended->id == id && !ended->answer && !ended->given_back &&
             ended->answer.error().code == ErrorCode::disconnected;
    }
    ::_exit(good && !multiplex_->wants_process() && !test::is_open(number) ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(std::get<Connection>(*outcome().answer));
  EXPECT_TRUE(test::is_open(number));
}

TEST_F(ManyUnderWay, ChildrenBeginAnew) {
  const RequestId id = ping();
  agree();
  const pid_t child = ::fork();
  if (child == 0) {
    const bool wants = multiplex_->descriptor() == -1 && multiplex_->wants_process();
    multiplex_->process();
    const auto ended = multiplex_->next_outcome();
    ::_exit(wants && ended && ended->answer.error().code == ErrorCode::disconnected ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  peer_->take_request();
  peer_->say(test::frame(Kind::pong, id));
  multiplex_->process();
  EXPECT_TRUE(outcome().answer) << "the parent goes on";
}

}  // namespace
}  // namespace scache::client
