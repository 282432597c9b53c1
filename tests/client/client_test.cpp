// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <latch>
#include <scache/client.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/channel_fixture.hpp"
#include "support/few_descriptors.hpp"

namespace scache::client {
namespace {

using client::code_of;
using direct::Kind;
using direct::Tag;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::FakeServer;
using test::Peer;

const ClientOptions kPatient{.timeout = seconds{5}};

// Answers one request: with a found connection, with nothing found, or as its kind requires.
void answer_one(Peer& peer) {
  const test::Asked asked = peer.take_request();
  switch (asked.kind) {
    case Kind::find:
      return peer.say(test::not_found(asked.id));
    case Kind::save:
      EXPECT_TRUE(peer.take_descriptor());
      return peer.say(test::saved(asked.id));
    default:
      return peer.say(test::frame(static_cast<Kind>(static_cast<int>(asked.kind) + 128), asked.id));
  }
}

// Serves `count` requests, and then waits for the client to disconnect.
FakeServer::Script serve(int count) {
  return [count](Peer& peer) {
    peer.agree();
    for (int i = 0; i < count; ++i) answer_one(peer);
    EXPECT_TRUE(peer.sees_end());
  };
}

// Serves `count` requests and closes the stream.
FakeServer::Script serve_and_leave(int count) {
  return [count](Peer& peer) {
    peer.agree();
    for (int i = 0; i < count; ++i) answer_one(peer);
    peer.leave();
  };
}

class ClientOfAServer : public test::DescriptorCensus {
 protected:
  static Connection some_connection() {
    return {.descriptor = Descriptor{test::pipe_pair().first.release()}, .endpoint = "e"};
  }
};

TEST_F(ClientOfAServer, FindsAndGivesBack) {
  FakeServer server{{[](Peer& peer) {
    peer.agree();
    const auto find = peer.take_request();
    EXPECT_EQ(find.fields().bytes(Tag::endpoint), "e");
    peer.give(test::found(find.id), test::pipe_pair().first);
    const auto save = peer.take_request();
    EXPECT_EQ(save.fields().number(Tag::connection), 7U);
    EXPECT_EQ(save.fields().number(Tag::uses), 2U);
    EXPECT_GE(save.fields().number(Tag::age), 5'000U);
    EXPECT_TRUE(peer.take_descriptor());
    peer.say(test::saved(save.id));
  }}};
  Client client{server.path(), kPatient};
  auto found = client.find_endpoint("e");
  ASSERT_TRUE(found);
  ASSERT_TRUE(*found);
  EXPECT_TRUE(test::is_close_on_exec(found->descriptor.get()));
  EXPECT_TRUE(client.save(*found, {.ttl = seconds{30}}));
  EXPECT_FALSE(found->descriptor) << "it is the cache's";
}

TEST_F(ClientOfAServer, AsksEverythingThatTheProtocolHas) {
  FakeServer server{{serve(9)}};
  Client client{server.path(), kPatient};
  EXPECT_FALSE(*client.find_destination("d"));
  EXPECT_EQ(*client.bind({"d"}, "e"), Bound::created);
  EXPECT_EQ(client.drop_endpoint("e")->connections, 0U);
  EXPECT_TRUE(client.drop_destination("d"));
  EXPECT_TRUE(client.drop_prefix(""));
  EXPECT_TRUE(client.list()->empty());
  EXPECT_TRUE(client.list_page({}, "c")->entries.empty());
  EXPECT_TRUE(client.statistics()->empty());
  EXPECT_EQ(*client.ping(), "");
  EXPECT_EQ(*client.protocol(), Protocol::direct);
}

TEST_F(ClientOfAServer, ListsPageAfterPage) {
  FakeServer server{{[](Peer& peer) {
    peer.agree();
    for (const std::string_view cursor : {"", "one", "two"}) {
      const auto list = peer.take_request();
      EXPECT_EQ(list.fields().bytes(Tag::cursor), cursor);
      test::FrameText page{Kind::page, list.id};
      // The second page is empty and not the last.
      if (cursor != "one") page.open(Tag::entry).put(Tag::endpoint, cursor).close();
      if (cursor == "") page.put(Tag::cursor, std::string_view{"one"});
      if (cursor == "one") page.put(Tag::cursor, std::string_view{"two"});
      peer.say(page.text());
    }
  }}};
  Client client{server.path(), kPatient};
  const auto entries = client.list();
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[1].endpoint, "two");
}

TEST_F(ClientOfAServer, GivesUpAListWhenItsTimeIsOver) {
  FakeServer server{{[](Peer& peer) {
    peer.agree();
    for (int i = 0; i < 2; ++i) {
      const auto list = peer.take_request();
      if (i == 1) break;
      peer.say(test::FrameText{Kind::page, list.id}.put(Tag::cursor, std::string_view{"c"}).text());
    }
    EXPECT_TRUE(peer.sees_end());
  }}};
  Client client{server.path()};
  EXPECT_EQ(code_of(client.list({}, milliseconds{300})), ErrorCode::timeout);
}

TEST_F(ClientOfAServer, WithoutOneFailsAtOnce) {
  const test::Listening listening;
  Client client{listening.path() + ".not", kPatient};
  auto connection = some_connection();
  EXPECT_EQ(code_of(client.find_endpoint("e")), ErrorCode::no_server);
  EXPECT_EQ(code_of(client.save(connection)), ErrorCode::no_server);
  EXPECT_TRUE(test::is_open(connection.descriptor.get()));
}

TEST_F(ClientOfAServer, ReportsWhatTheServerRefuses) {
  FakeServer server{{[](Peer& peer) {
    peer.agree();
    peer.say(test::failed(peer.take_request().id, direct::ErrorCode::full));
    peer.say(test::failed(peer.take_request().id, direct::ErrorCode::busy));
    EXPECT_TRUE(peer.sees_end());
  }}};
  Client client{server.path(), kPatient};
  auto connection = some_connection();
  EXPECT_EQ(code_of(client.save(connection)), ErrorCode::full);
  EXPECT_TRUE(test::is_open(connection.descriptor.get())) << "the caller's as before";
  EXPECT_EQ(code_of(client.find_endpoint("e")), ErrorCode::busy) << "on the same stream";
}

TEST_F(ClientOfAServer, EndsACallInTimeAndItsStreamWithIt) {
  FakeServer server{{[](Peer& peer) {
                       peer.agree();
                       peer.take_request();
                       EXPECT_TRUE(peer.sees_end());
                     },
                     serve(1)}};
  Client client{server.path(), kPatient};
  EXPECT_EQ(code_of(client.find_endpoint("e", milliseconds{300})), ErrorCode::timeout);
  EXPECT_TRUE(client.find_endpoint("e"));
}

TEST_F(ClientOfAServer, SurvivesARestart) {
  std::latch gone{2};
  const auto serve_one_and_go = [&gone](Peer& peer) {
    serve_and_leave(1)(peer);
    gone.count_down();
  };
  FakeServer server{{serve_one_and_go, serve_one_and_go, serve(1)}};
  Client client{server.path(), kPatient};
  EXPECT_TRUE(client.find_endpoint("e"));
  EXPECT_TRUE(client.find_endpoint("e"));
  // A save is not repeated if the server closes the stream after reading it.
  gone.wait();
  auto connection = some_connection();
  const auto saved = client.save(connection);
  EXPECT_TRUE(saved) << saved.error().text;
}

TEST_F(ClientOfAServer, RepeatsALookupThatADyingServerHasHeard) {
  FakeServer server{{[](Peer& peer) {
                       peer.agree();
                       answer_one(peer);
                       peer.take_request();
                       peer.leave();
                     },
                     serve(1)}};
  Client client{server.path(), kPatient};
  EXPECT_TRUE(client.find_endpoint("e"));
  EXPECT_TRUE(client.find_endpoint("e"));
}

TEST_F(ClientOfAServer, RepeatsNoSaveThatADyingServerHasHeard) {
  FakeServer server{{[](Peer& peer) {
    peer.agree();
    answer_one(peer);
    EXPECT_EQ(peer.take_request().kind, Kind::save);
    peer.leave();
  }}};
  Client client{server.path(), kPatient};
  EXPECT_TRUE(client.find_endpoint("e"));
  auto connection = some_connection();
  EXPECT_EQ(code_of(client.save(connection)), ErrorCode::disconnected);
  EXPECT_FALSE(connection) << "the server may have it";
}

TEST_F(ClientOfAServer, RepeatsNothingOnAStreamThatIsNew) {
  FakeServer server{{[](Peer& peer) {
    peer.agree();
    peer.take_request();
    peer.leave();
  }}};
  Client client{server.path(), kPatient};
  EXPECT_EQ(code_of(client.find_endpoint("e")), ErrorCode::disconnected);
}

TEST_F(ClientOfAServer, SpeaksPostfixsWayWhereItMust) {
  FakeServer server{{[](Peer& peer) {
                       peer.refuse();
                       peer.expect(test::find_dest("d"));
                       peer.say(test::kNoDestination);
                       peer.expect(test::save_endp("e", "", "2147483647"));
                       peer.say(test::kDummy);
                       peer.expect(test::kByte);
                       EXPECT_TRUE(peer.take_descriptor());
                       peer.say(test::kSaved);
                       peer.expect(test::save_dest("d", "", "e", "2147483647"));
                       peer.say(test::kSaved);
                       EXPECT_TRUE(peer.sees_end());
                     },
                     [](Peer& peer) {
                       peer.say(test::kGreeting);
                       EXPECT_TRUE(peer.sees_end());
                     }}};
  Client client{server.path(), kPatient};
  EXPECT_EQ(*client.protocol(), Protocol::postfix);
  EXPECT_FALSE(*client.find_destination("d"));
  auto connection = some_connection();
  EXPECT_TRUE(client.save(connection));
  EXPECT_EQ(*client.bind({"d"}, "e"), Bound::unknown);
  EXPECT_EQ(code_of(client.drop_endpoint("e")), ErrorCode::unsupported);
  EXPECT_EQ(code_of(client.list()), ErrorCode::unsupported);
  EXPECT_EQ(code_of(client.statistics()), ErrorCode::unsupported);
  EXPECT_EQ(code_of(client.find_endpoint(std::string(1, '\0'))), ErrorCode::unsupported);
  EXPECT_EQ(*client.ping(), "") << "by a new stream";
}

TEST_F(ClientOfAServer, LooksForNothingWithoutRoomForIt) {
  const auto serve_one = [](Peer& peer) {
    const test::Asked asked = peer.take_request();
    peer.give(test::found(asked.id), test::pipe_pair().first);
    EXPECT_TRUE(peer.sees_end());
  };
  FakeServer server{{[&](Peer& peer) {
                       peer.agree();
                       serve_one(peer);
                     },
                     [](Peer& peer) {
                       peer.refuse();
                       peer.expect(test::find_endp("e"));
                       peer.say(test::endpoint_hit("p"));
                       peer.expect(test::kDummy);
                       peer.give(test::kByte, test::pipe_pair().first);
                       peer.expect(test::kDummy);
                       EXPECT_TRUE(peer.sees_end());
                     }}};
  for (const auto spoken : {Protocol::direct, Protocol::postfix}) {
    Client client{server.path(), kPatient};
    ASSERT_EQ(*client.protocol(), spoken);
    // The server's thread has opened all its descriptors, or has room for them above the limit.
    test::FewDescriptors few{0};
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(code_of(client.find_endpoint("e")), ErrorCode::no_descriptors);
    }
    few.allow(8);
    EXPECT_TRUE(*client.find_endpoint("e"));
  }
}

TEST_F(ClientOfAServer, CannotConnectWithoutADescriptor) {
  const test::Listening listening;
  Client client{listening.path(), kPatient};
  auto connection = some_connection();
  const test::FewDescriptors few{0};
  EXPECT_EQ(code_of(client.find_endpoint("e")), ErrorCode::no_descriptors);
  EXPECT_EQ(code_of(client.save(connection)), ErrorCode::no_descriptors);
  EXPECT_TRUE(connection) << "the caller's as before";
}

TEST_F(ClientOfAServer, ServesThreadsAtOnce) {
  // Each thread waits for all others, so each needs a stream of its own.
  constexpr int kThreads = 4;
  test::Listening listening;
  std::thread server{[&] {
    std::vector<Peer> peers;
    for (int i = 0; i < kThreads; ++i) {
      peers.push_back(Peer::accept(listening.descriptor()));
      peers.back().agree();
    }
    for (Peer& peer : peers) answer_one(peer);
    for (Peer& peer : peers) EXPECT_TRUE(peer.sees_end());
  }};
  {
    Client client{listening.path(), kPatient};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] { EXPECT_TRUE(client.find_endpoint("e")); });
    }
    for (std::thread& thread : threads) thread.join();
  }
  server.join();
}

TEST_F(ClientOfAServer, ChildrenHaveStreamsOfTheirOwn) {
  test::Listening listening;
  std::thread server{[&] {
    Peer parents = Peer::accept(listening.descriptor());
    parents.agree();
    answer_one(parents);
    Peer childs = Peer::accept(listening.descriptor());
    childs.agree();
    answer_one(childs);
    EXPECT_TRUE(childs.sees_end());
    answer_one(parents);
    EXPECT_TRUE(parents.sees_end());
  }};
  {
    Client client{listening.path(), kPatient};
    EXPECT_TRUE(client.find_endpoint("e"));
    const pid_t child = ::fork();
    if (child == 0) ::_exit(client.find_endpoint("e").has_value() ? 0 : 1);
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(client.find_endpoint("e")) << "the parent's stream is as it was";
  }
  server.join();
}

TEST_F(ClientOfAServer, CanBeMoved) {
  FakeServer server{{serve(2)}};
  Client first{server.path(), kPatient};
  EXPECT_TRUE(first.ping());
  Client second{std::move(first)};
  EXPECT_TRUE(second.ping());
  second = Client{"/nowhere"};
  EXPECT_FALSE(second.ping());
}

}  // namespace
}  // namespace scache::client
