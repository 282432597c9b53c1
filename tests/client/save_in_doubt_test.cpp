// SPDX-License-Identifier: Apache-2.0
// Who owns the descriptor after each error of a save: the caller, or, if it was sent and no answer
// has arrived, the library, which closes it.

#include <scache/client.h>

#include <chrono>
#include <functional>
#include <ostream>
#include <scache/async_client.hpp>
#include <scache/client.hpp>
#include <string>
#include <utility>
#include <vector>

#include "client/channel_fixture.hpp"

namespace scache::client {
namespace {

using direct::Tag;
using std::chrono::milliseconds;
using test::FakeServer;
using test::Peer;

enum class Whose { callers, nobodys };

struct Case {
  const char* name;
  // The server's handshake, and the end of the save.
  std::function<void(Peer&)> begin;
  std::function<void(Peer&)> end;
  ErrorCode code;
  Whose whose;
  // A save with this timeout ends when it first has to wait for an answer.
  milliseconds timeout{5'000};
  SaveOptions options{};

  friend void PrintTo(const Case& row, std::ostream* out) { *out << row.name; }
};

void nothing(Peer&) {}
void stay(Peer& peer) {
  EXPECT_TRUE(peer.sees_end());
}
void agree(Peer& peer) {
  peer.agree();
}
void refuse(Peer& peer) {
  peer.refuse();
}
// Postfix's server, which has already requested the descriptor.
void refuse_and_ask(Peer& peer) {
  peer.say(test::kGreeting);
  peer.expect(test::kWish);
  peer.say(test::kBad + test::kDummy);
}
void answer_garbage(Peer& peer) {
  peer.take_request();
  peer.say(std::string(24, '\xff'));
}
void take_and_leave(Peer& peer) {
  peer.take_request();
}
void take_and_stay(Peer& peer) {
  while (!peer.sees_end()) peer.take_request();
}
// Answers with an error code of the protocol.
std::function<void(Peer&)> fail(std::uint64_t code) {
  return [code](Peer& peer) {
    const auto id = peer.take_request().id;
    peer.say(test::FrameText{direct::Kind::error, id}.put(Tag::code, code).text());
  };
}
std::function<void(Peer&)> fail(direct::ErrorCode code) {
  return fail(static_cast<std::uint64_t>(code));
}
// The answer of Postfix's server to a save of an endpoint.
std::function<void(Peer&)> say(const std::string& bytes) {
  return [bytes](Peer& peer) {
    peer.expect(test::save_endp("e", "", "2147483647"));
    peer.say(bytes);
  };
}
std::function<void(Peer&)> take_and_say(const std::string& bytes) {
  return [bytes](Peer& peer) {
    say(test::kDummy)(peer);
    peer.expect(test::kByte);
    EXPECT_TRUE(peer.take_descriptor());
    peer.say(bytes);
  };
}

using enum ErrorCode;
using Server = direct::ErrorCode;

const SaveOptions kNoTime{.ttl = milliseconds{0}};

// In both protocols, before the request.
const Case kUnanswered[] = {
    {"SilenceBeforeTheGreeting", nothing, stay, timeout, Whose::callers, milliseconds{10}},
};
const Case kUngreeted[] = {
    {"LeavesBeforeTheGreeting", nothing, nothing, disconnected, Whose::callers},
    {"GarbageForAGreeting", [](Peer& peer) { peer.say("220 x\n" + std::string(2, '\0')); }, stay,
     protocol, Whose::callers},
};

const Case kDirect[] = {
    {"BadArgument", agree, stay, invalid_argument, Whose::callers, milliseconds{5'000}, kNoTime},
    {"BadArgumentToPostfix", refuse, stay, invalid_argument, Whose::callers, milliseconds{5'000},
     kNoTime},
    {"Malformed", agree, fail(Server::malformed), malformed, Whose::callers},
    {"Unsupported", agree, fail(Server::unsupported), unsupported, Whose::callers},
    {"Full", agree, fail(Server::full), full, Whose::callers},
    {"Refused", agree, fail(Server::refused), refused, Whose::callers},
    {"TooLarge", agree, fail(Server::too_large), too_large, Whose::callers},
    {"Busy", agree, fail(Server::busy), busy, Whose::callers},
    {"Cancelled", agree, fail(Server::cancelled), cancelled, Whose::nobodys},
    {"UnknownError", agree, fail(99), protocol, Whose::nobodys},
    {"Garbage", agree, answer_garbage, protocol, Whose::nobodys},
    {"Leaves", agree, take_and_leave, disconnected, Whose::nobodys},
};
// On a stream that is open, the request is sent without waiting.
const Case kSilent[] = {
    {"Silence", agree, take_and_stay, timeout, Whose::nobodys, milliseconds{0}},
    {"SilenceOfPostfix", refuse_and_ask, [](Peer& peer) { static_cast<void>(peer.sees_end()); },
     timeout, Whose::nobodys, milliseconds{0}},
};
const Case kPostfix[] = {
    {"BadRequest", refuse, say(test::kBad), malformed, Whose::callers},
    {"GarbageForAQuestion", refuse, say("x\n" + std::string(2, '\0')), protocol, Whose::callers},
    {"LeavesWithoutAQuestion", refuse, say(""), disconnected, Whose::callers},
    {"Declined", refuse, take_and_say(test::kFailed), refused, Whose::callers},
    {"GarbageForAnAnswer", refuse, take_and_say("x\n" + std::string(2, '\0')), protocol,
     Whose::nobodys},
    {"LeavesWithTheConnection", refuse, take_and_say(""), disconnected, Whose::nobodys},
};

class SaveThatFails : public test::DescriptorCensus, public ::testing::WithParamInterface<Case> {
 protected:
  SaveThatFails() {
    server_.emplace(std::vector<FakeServer::Script>{[row = GetParam()](Peer& peer) {
      row.begin(peer);
      row.end(peer);
    }});
  }

  void check(ErrorCode code, const std::string& text, int number) const {
    const bool closed = GetParam().whose == Whose::nobodys;
    EXPECT_EQ(code, GetParam().code) << text;
    EXPECT_EQ(text.find("the library closed the connection") != text.npos, closed) << text;
    EXPECT_EQ(number, closed ? -1 : number_);
    EXPECT_EQ(test::is_open(number_), !closed);
  }
  bool has_open_stream() const { return GetParam().timeout == milliseconds{0}; }

  std::optional<FakeServer> server_;
  Descriptor descriptor_{test::pipe_pair().first.release()};
  const int number_ = descriptor_.get();
};

TEST_P(SaveThatFails, InCpp) {
  Client client{server_->path()};
  if (has_open_stream()) {
    EXPECT_TRUE(client.protocol(milliseconds{5'000}));
  }
  Connection connection{.descriptor = std::move(descriptor_), .endpoint = "e"};
  const auto saved = client.save(connection, GetParam().options, GetParam().timeout);
  ASSERT_FALSE(saved);
  check(saved.error().code, saved.error().text, connection.descriptor.get());
  EXPECT_EQ(connection.endpoint, "e");
}

TEST_P(SaveThatFails, InC) {
  scache_client_options* const own = ::scache_client_options_new();
  scache_client* client = nullptr;
  scache_connection* connection = nullptr;
  scache_error error{};
  ASSERT_EQ(::scache_client_options_set_socket_path(own, server_->path().c_str()), 0);
  ASSERT_EQ(::scache_client_options_set_timeout_ms(own, 5'000), 0);
  ASSERT_EQ(::scache_client_new(own, &client, &error), 0);
  ::scache_client_options_free(own);
  ASSERT_EQ(::scache_connection_new(descriptor_.release(), ::scache_text("e"), &connection, &error),
            0);
  if (has_open_stream()) {
    scache_connection* none = nullptr;
    // Without a connection a save only opens a stream.
    ASSERT_EQ(::scache_connection_new(-1, ::scache_text(""), &none, &error), 0);
    EXPECT_EQ(::scache_save(client, none, nullptr, &error), SCACHE_E_INVALID_ARGUMENT);
    ::scache_connection_free(none);
  }
  int code = 0;
  if (const Ttl ttl = GetParam().options.ttl) {
    code = ::scache_save_ttl_ms(client, connection, ttl->count(), &error);
  } else {
    scache_save_options* const options = ::scache_save_options_new();
    const auto timeout = static_cast<int>(GetParam().timeout.count());
    EXPECT_EQ(::scache_save_options_set_timeout_ms(options, timeout), 0);
    code = ::scache_save(client, connection, options, &error);
    ::scache_save_options_free(options);
  }
  EXPECT_EQ(code, error.code);
  check(static_cast<ErrorCode>(code), error.text, ::scache_connection_descriptor(connection));
  ::scache_connection_free(connection);
  ::scache_client_free(client);
}

INSTANTIATE_TEST_SUITE_P(Unanswered, SaveThatFails, ::testing::ValuesIn(kUnanswered),
                         [](const auto& row) { return row.param.name; });
INSTANTIATE_TEST_SUITE_P(Before, SaveThatFails, ::testing::ValuesIn(kUngreeted),
                         [](const auto& row) { return row.param.name; });
INSTANTIATE_TEST_SUITE_P(Direct, SaveThatFails, ::testing::ValuesIn(kDirect),
                         [](const auto& row) { return row.param.name; });
INSTANTIATE_TEST_SUITE_P(Silent, SaveThatFails, ::testing::ValuesIn(kSilent),
                         [](const auto& row) { return row.param.name; });
INSTANTIATE_TEST_SUITE_P(Postfix, SaveThatFails, ::testing::ValuesIn(kPostfix),
                         [](const auto& row) { return row.param.name; });

// The same for AsyncClient, which has no timeouts and no Postfix protocol.
class SaveOfALoopThatFails : public SaveThatFails {};

TEST_P(SaveOfALoopThatFails, InCpp) {
  AsyncClient client{server_->path()};
  client.save({.descriptor = std::move(descriptor_), .endpoint = "e"}, GetParam().options);
  std::optional<AsyncClient::Outcome> outcome;
  while (!(outcome = client.next_outcome())) {
    client.process();
    pollfd state{.fd = client.descriptor(), .events = client.events(), .revents = 0};
    if (client.under_way() > 0) {
      ASSERT_EQ(::poll(&state, 1, 5'000), 1);
    }
  }
  ASSERT_FALSE(outcome->answer);
  const Error& error = outcome->answer.error();
  check(error.code, error.text, outcome->given_back.descriptor.get());
  EXPECT_EQ(outcome->given_back.endpoint, "e");
  // The server waits for a client.
  if (error.code == invalid_argument) {
    EXPECT_TRUE(Client{server_->path()}.protocol());
  }
}

INSTANTIATE_TEST_SUITE_P(Before, SaveOfALoopThatFails, ::testing::ValuesIn(kUngreeted),
                         [](const auto& row) { return row.param.name; });
INSTANTIATE_TEST_SUITE_P(Direct, SaveOfALoopThatFails, ::testing::ValuesIn(kDirect),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace scache::client
