// SPDX-License-Identifier: Apache-2.0
#include <scache/client.h>

#include <climits>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/channel_fixture.hpp"
#include "support/few_descriptors.hpp"

namespace scache::client {
namespace {

using direct::Kind;
using direct::Tag;
using test::FakeServer;
using test::FrameText;
using test::Peer;

std::string text(scache_bytes bytes) {
  return {bytes.data, bytes.size};
}

class ClientInC : public test::DescriptorCensus {
 protected:
  ~ClientInC() override { ::scache_client_free(client_); }

  scache_client* of(const std::string& path) {
    scache_client_options* const options = ::scache_client_options_new();
    EXPECT_EQ(::scache_client_options_set_socket_path(options, path.c_str()), 0);
    EXPECT_EQ(::scache_client_options_set_timeout_ms(options, 5'000), 0);
    EXPECT_EQ(::scache_client_new(options, &client_, nullptr), 0);
    ::scache_client_options_free(options);
    return client_;
  }

  scache_client* client_ = nullptr;
  scache_error error_{};
};

TEST_F(ClientInC, FindsAndGivesBack) {
  FakeServer server{{[](Peer& peer) {
    peer.agree();
    auto find = peer.take_request();
    EXPECT_EQ(find.fields().bytes(Tag::endpoint), "e");
    peer.give(test::found(find.id), test::pipe_pair().first);
    const auto save = peer.take_request();
    EXPECT_EQ(save.fields().bytes(Tag::endpoint), "f");
    EXPECT_EQ(save.fields().bytes(Tag::endpoint_properties), std::string_view("a\0b", 3));
    EXPECT_EQ(save.fields().number(Tag::connection), 7U);
    EXPECT_EQ(save.fields().number(Tag::ttl), 30'000U);
    EXPECT_TRUE(save.fields().has(Tag::binding));
    EXPECT_TRUE(peer.take_descriptor());
    peer.say(test::saved(save.id, 8));
    find = peer.take_request();
    EXPECT_EQ(find.fields().bytes(Tag::destination), "d");
    peer.say(test::not_found(find.id));
  }}};
  scache_client* const client = of(server.path());
  scache_connection* found = nullptr;
  ASSERT_EQ(::scache_find_endpoint(client, ::scache_text("e"), nullptr, &found, &error_), 0);
  ASSERT_NE(found, nullptr);
  EXPECT_TRUE(test::is_open(::scache_connection_descriptor(found)));
  EXPECT_EQ(text(::scache_connection_endpoint(found)), "e");
  EXPECT_EQ(text(::scache_connection_endpoint_properties(found)), "p");
  EXPECT_EQ(text(::scache_connection_destination_properties(found)), "");
  EXPECT_EQ(::scache_connection_id(found), 7U);
  EXPECT_EQ(::scache_connection_uses(found), 2U);
  EXPECT_EQ(::scache_connection_age_ms(found), 5'000);
  EXPECT_EQ(::scache_connection_idle_ms(found), 100);

  EXPECT_EQ(::scache_connection_set_endpoint(found, ::scache_text("f")), 0);
  EXPECT_EQ(::scache_connection_set_properties(found, {"a\0b", 3}), 0);
  scache_binding* const binding = ::scache_binding_new(::scache_text("d"));
  scache_save_options* const options = ::scache_save_options_new();
  EXPECT_EQ(::scache_save_options_set_ttl_ms(options, 30'000), 0);
  EXPECT_EQ(::scache_save_options_add_binding(options, binding), 0);
  ::scache_binding_free(binding);
  EXPECT_EQ(::scache_save(client, found, options, &error_), 0);
  ::scache_save_options_free(options);
  EXPECT_EQ(::scache_connection_id(found), 8U);
  EXPECT_EQ(::scache_connection_descriptor(found), -1);
  ::scache_connection_free(found);

  EXPECT_EQ(::scache_find_destination(client, ::scache_text("d"), nullptr, &found, &error_), 0);
  EXPECT_EQ(found, nullptr);
}

TEST_F(ClientInC, AsksEverythingElse) {
  FakeServer server{{[](Peer& peer) {
    peer.agree();
    EXPECT_EQ(peer.take_request().kind, Kind::bind);
    peer.say(test::frame(Kind::bound, 1));
    for (std::uint64_t id = 2; id <= 5; ++id) {
      EXPECT_EQ(peer.take_request().kind, Kind::drop);
      peer.say(FrameText{Kind::dropped, id}
                   .put(Tag::connections, id)
                   .put(Tag::bindings, 10 * id)
                   .text());
    }
    const auto list = peer.take_request();
    EXPECT_EQ(list.fields().number(Tag::what), direct::kBindings);
    EXPECT_EQ(list.fields().bytes(Tag::prefix), "d");
    FrameText page{Kind::page, 6};
    for (const std::string_view destination : {"d1", "d2", "d3"}) {
      page.open(Tag::entry)
          .put(Tag::destination, destination)
          .put(Tag::endpoint, std::string_view{"e"})
          .close();
    }
    peer.say(page.text());
    EXPECT_EQ(peer.take_request().kind, Kind::statistics);
    FrameText told{Kind::statistics_reply, 7};
    told.open(Tag::statistic)
        .put(Tag::name, std::string_view{"finds"})
        .put(Tag::value, std::uint64_t{5})
        .close();
    peer.say(told.text());
    EXPECT_EQ(peer.take_request().kind, Kind::ping);
    peer.say(FrameText{Kind::pong, 8}.put(Tag::server, std::string_view{"scache 0.1.0"}).text());
  }}};
  scache_client* const client = of(server.path());
  scache_binding* const binding = ::scache_binding_new(::scache_text("d"));
  EXPECT_EQ(::scache_bind(client, binding, ::scache_text("e"), nullptr, &error_), 0);
  ::scache_binding_free(binding);
  EXPECT_EQ(::scache_bind(client, nullptr, ::scache_text("e"), nullptr, &error_), SCACHE_E_SYSTEM);
  EXPECT_STREQ(error_.text, "Out of memory.");
  std::uint64_t connections = 0;
  std::uint64_t bindings = 0;
  EXPECT_EQ(::scache_drop_endpoint(client, ::scache_text("e"), nullptr, &connections, &error_), 0);
  EXPECT_EQ(connections, 2U);
  EXPECT_EQ(::scache_drop_destination(client, ::scache_text("d"), nullptr, &bindings, &error_), 0);
  EXPECT_EQ(bindings, 30U);
  EXPECT_EQ(
      ::scache_drop_prefix(client, ::scache_text(""), nullptr, &connections, &bindings, &error_),
      0);
  EXPECT_EQ(connections, 4U);
  EXPECT_EQ(bindings, 40U);
  EXPECT_EQ(::scache_drop_prefix(client, ::scache_text(""), nullptr, nullptr, nullptr, &error_), 0);

  std::vector<std::string> seen;
  const auto visit = [](void* context, const scache_entry* entry) {
    auto& names = *static_cast<std::vector<std::string>*>(context);
    names.push_back(text(::scache_entry_destination(entry)) + text(::scache_entry_endpoint(entry)));
    return names.size() == 2 ? 1 : 0;
  };
  scache_list_options* const options = ::scache_list_options_new();
  EXPECT_EQ(::scache_list_options_set_kinds(options, SCACHE_BINDINGS), 0);
  EXPECT_EQ(::scache_list_options_set_prefix(options, ::scache_text("d")), 0);
  EXPECT_EQ(::scache_list(client, options, visit, &seen, &error_), 0);
  ::scache_list_options_free(options);
  EXPECT_EQ(seen, (std::vector<std::string>{"d1e", "d2e"}));

  std::uint64_t finds = 0;
  const auto count = [](void* context, const scache_statistic* statistic) {
    if (text(::scache_statistic_name(statistic)) == "finds") {
      *static_cast<std::uint64_t*>(context) = ::scache_statistic_value(statistic);
    }
    return 0;
  };
  EXPECT_EQ(::scache_statistics(client, nullptr, count, &finds, &error_), 0);
  EXPECT_EQ(finds, 5U);
  char server_name[7];
  EXPECT_EQ(::scache_ping(client, nullptr, server_name, sizeof server_name, &error_), 0);
  EXPECT_STREQ(server_name, "scache");
}

TEST_F(ClientInC, SaysWhatIsWrong) {
  const test::Listening listening;
  scache_client* const client = of(listening.path() + ".not");
  const int pipe = test::pipe_pair().first.release();
  scache_connection* connection = nullptr;
  ASSERT_EQ(::scache_connection_new(pipe, ::scache_text("e"), &connection, &error_), 0);
  error_.reserved[0] = 1;
  EXPECT_EQ(::scache_save(client, connection, nullptr, &error_), SCACHE_E_NO_SERVER);
  EXPECT_EQ(error_.reserved[0], 0);
  EXPECT_EQ(error_.code, SCACHE_E_NO_SERVER);
  EXPECT_NE(std::strstr(error_.text, "Cannot connect to the server at "), nullptr);
  EXPECT_EQ(::scache_connection_descriptor(connection), pipe);
  EXPECT_EQ(::scache_connection_release(connection), pipe);
  ::scache_connection_free(connection);
  EXPECT_TRUE(test::is_open(pipe));
  const Fd mine{pipe};
  scache_call_options* const options = ::scache_call_options_new();
  EXPECT_EQ(::scache_call_options_set_timeout_ms(options, INT_MAX), 0);
  EXPECT_EQ(::scache_ping(client, options, nullptr, 0, nullptr), SCACHE_E_NO_SERVER);
  ::scache_call_options_free(options);
  ::scache_connection_free(nullptr);
  ::scache_client_free(nullptr);
}

TEST_F(ClientInC, SaysThatThereIsNoDescriptorLeft) {
  FakeServer server{{[](Peer& peer) {
    peer.agree();
    peer.say(test::frame(Kind::pong, peer.take_request().id));
    EXPECT_TRUE(peer.sees_end());
  }}};
  scache_client* const client = of(server.path());
  EXPECT_EQ(::scache_ping(client, nullptr, nullptr, 0, &error_), 0);
  const test::FewDescriptors few{0};
  scache_connection* found = nullptr;
  EXPECT_EQ(::scache_find_endpoint(client, ::scache_text("e"), nullptr, &found, &error_),
            SCACHE_E_NO_DESCRIPTORS);
  ::scache_client_free(std::exchange(client_, nullptr));
}

TEST_F(ClientInC, CutsLongSentences) {
  scache_client* const client = of('/' + std::string(100, 'x') + "/y");
  EXPECT_EQ(::scache_ping(client, nullptr, nullptr, 0, &error_), SCACHE_E_NO_SERVER);
  EXPECT_LT(std::strlen(error_.text), sizeof error_.text);
}

TEST_F(ClientInC, SavesForATime) {
  FakeServer server{{[](Peer& peer) {
    peer.agree();
    const auto save = peer.take_request();
    EXPECT_EQ(save.fields().number(Tag::ttl), 30'000U);
    EXPECT_TRUE(peer.take_descriptor());
    peer.say(FrameText{Kind::saved, save.id}
                 .put(Tag::connection, std::uint64_t{8})
                 .put(Tag::bindings, std::uint64_t{2})
                 .text());
    EXPECT_FALSE(peer.take_request().fields().has(Tag::ttl));
    EXPECT_TRUE(peer.take_descriptor());
    EXPECT_TRUE(peer.sees_end());
  }}};
  scache_client* const client = of(server.path());
  scache_connection* connection = nullptr;
  const auto renew = [&] {
    ::scache_connection_free(connection);
    const int pipe = test::pipe_pair().first.release();
    EXPECT_EQ(::scache_connection_new(pipe, ::scache_text("e"), &connection, &error_), 0);
  };
  renew();
  EXPECT_EQ(::scache_save_ttl_ms(client, connection, 0, &error_), SCACHE_E_INVALID_ARGUMENT);
  EXPECT_EQ(::scache_save_ttl_ms(client, connection, -1, nullptr), SCACHE_E_INVALID_ARGUMENT);
  EXPECT_EQ(::scache_save_ttl_ms(client, connection, 30'000, &error_), 0);
  EXPECT_EQ(::scache_connection_id(connection), 8U);
  EXPECT_EQ(::scache_connection_saved_bindings(connection), 2U);
  renew();
  // The time limit of the call: the server does not answer.
  scache_save_options* const options = ::scache_save_options_new();
  EXPECT_EQ(::scache_save_options_set_timeout_ms(options, 0), 0);
  EXPECT_EQ(::scache_save(client, connection, options, &error_), SCACHE_E_TIMEOUT);
  EXPECT_EQ(::scache_connection_descriptor(connection), -1);
  ::scache_save_options_free(options);
  ::scache_connection_free(connection);
  ::scache_client_free(std::exchange(client_, nullptr));
}

}  // namespace
}  // namespace scache::client
