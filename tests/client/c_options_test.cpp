// SPDX-License-Identifier: Apache-2.0
#include <scache/client.h>

#include <climits>
#include <cstdint>
#include <string>

#include "client/c_objects.hpp"
#include "client/channel_fixture.hpp"

namespace scache::client {
namespace {

using std::chrono::milliseconds;

TEST(OptionsInC, BeginWithTheDefaultsOfCpp) {
  scache_client_options* const client = ::scache_client_options_new();
  ASSERT_NE(client, nullptr);
  EXPECT_FALSE(client->socket_path);
  EXPECT_EQ(client->options.timeout, ClientOptions{}.timeout);
  EXPECT_EQ(client->options.protocol, ClientOptions{}.protocol);
  EXPECT_EQ(client->options.idle_streams, ClientOptions{}.idle_streams);
  ::scache_client_options_free(client);

  scache_call_options* const call = ::scache_call_options_new();
  ASSERT_NE(call, nullptr);
  EXPECT_FALSE(call->timeout);
  ::scache_call_options_free(call);

  scache_save_options* const save = ::scache_save_options_new();
  ASSERT_NE(save, nullptr);
  EXPECT_FALSE(save->timeout);
  EXPECT_FALSE(save->options.ttl);
  EXPECT_TRUE(save->options.bindings.empty());
  ::scache_save_options_free(save);

  scache_list_options* const list = ::scache_list_options_new();
  ASSERT_NE(list, nullptr);
  EXPECT_FALSE(list->timeout);
  EXPECT_TRUE(list->options.connections);
  EXPECT_TRUE(list->options.bindings);
  EXPECT_EQ(list->options.prefix, "");
  ::scache_list_options_free(list);
}

TEST(OptionsInC, SetWhatAClientUses) {
  scache_client_options* const options = ::scache_client_options_new();
  std::string path = "/a";
  EXPECT_EQ(::scache_client_options_set_socket_path(options, path.c_str()), 0);
  path = "/b";
  EXPECT_EQ(options->socket_path, "/a");
  EXPECT_EQ(::scache_client_options_set_socket_path(options, nullptr), 0);
  EXPECT_FALSE(options->socket_path);
  const std::string longest(107, 'x');
  EXPECT_EQ(::scache_client_options_set_socket_path(options, longest.c_str()), 0);
  for (const std::string& wrong : {std::string{}, longest + "x"}) {
    EXPECT_EQ(::scache_client_options_set_socket_path(options, wrong.c_str()),
              SCACHE_E_INVALID_ARGUMENT);
  }
  EXPECT_EQ(options->socket_path, longest);
  EXPECT_EQ(::scache_client_options_set_idle_streams(options, 256), 0);
  EXPECT_EQ(::scache_client_options_set_idle_streams(options, 257), SCACHE_E_INVALID_ARGUMENT);
  EXPECT_EQ(options->options.idle_streams, 256U);
  EXPECT_EQ(::scache_client_options_set_timeout_ms(options, 0), 0);
  EXPECT_EQ(options->options.timeout, milliseconds{0});
  EXPECT_EQ(::scache_client_options_set_timeout_ms(options, -1), SCACHE_E_INVALID_ARGUMENT);
  EXPECT_EQ(options->options.timeout, milliseconds{0});
  EXPECT_EQ(::scache_client_options_set_protocol(options, SCACHE_PROTOCOL_POSTFIX), 0);
  EXPECT_EQ(::scache_client_options_set_protocol(options, 3), SCACHE_E_INVALID_ARGUMENT);
  EXPECT_EQ(::scache_client_options_set_protocol(options, -1), SCACHE_E_INVALID_ARGUMENT);
  EXPECT_EQ(options->options.protocol, Protocol::postfix);
  EXPECT_EQ(::scache_client_options_set_idle_streams(options, 9), 0);
  EXPECT_EQ(options->options.idle_streams, 9U);
  ::scache_client_options_free(options);
}

TEST(OptionsInC, SetTimeLimitsOfCalls) {
  scache_call_options* const call = ::scache_call_options_new();
  EXPECT_EQ(::scache_call_options_set_timeout_ms(call, INT_MAX), 0);
  EXPECT_EQ(::scache_call_options_set_timeout_ms(call, -1), SCACHE_E_INVALID_ARGUMENT);
  EXPECT_EQ(call->timeout, milliseconds{INT_MAX});
  ::scache_call_options_free(call);
}

TEST(OptionsInC, SetWhatASaveUses) {
  scache_binding* const binding = ::scache_binding_new({"d\0e", 3});
  ASSERT_NE(binding, nullptr);
  EXPECT_EQ(::scache_binding_set_properties(binding, ::scache_text("dp")), 0);
  EXPECT_EQ(::scache_binding_set_ttl_ms(binding, 0), SCACHE_E_INVALID_ARGUMENT);
  EXPECT_FALSE(binding->binding.ttl);

  scache_save_options* const options = ::scache_save_options_new();
  EXPECT_EQ(::scache_save_options_add_binding(options, binding), 0);
  EXPECT_EQ(::scache_binding_set_ttl_ms(binding, 5'000), 0);
  EXPECT_EQ(::scache_save_options_add_binding(options, binding), 0);
  ::scache_binding_free(binding);
  ASSERT_EQ(options->options.bindings.size(), 2U);
  EXPECT_EQ(options->options.bindings[0].destination, std::string("d\0e", 3));
  EXPECT_EQ(options->options.bindings[0].properties, "dp");
  EXPECT_FALSE(options->options.bindings[0].ttl);
  EXPECT_EQ(options->options.bindings[1].ttl, milliseconds{5'000});

  EXPECT_EQ(::scache_save_options_set_ttl_ms(options, INT64_MAX), 0);
  EXPECT_EQ(::scache_save_options_set_ttl_ms(options, -1), SCACHE_E_INVALID_ARGUMENT);
  EXPECT_EQ(options->options.ttl, milliseconds{INT64_MAX});
  EXPECT_FALSE(options->options.allow_input);
  EXPECT_EQ(::scache_save_options_set_allow_input(options, 1), 0);
  EXPECT_TRUE(options->options.allow_input);
  EXPECT_EQ(::scache_save_options_set_allow_input(options, 0), 0);
  EXPECT_FALSE(options->options.allow_input);
  EXPECT_EQ(::scache_save_options_set_timeout_ms(options, 7), 0);
  EXPECT_EQ(options->timeout, milliseconds{7});
  ::scache_save_options_free(options);
}

TEST(OptionsInC, SetWhatAListUses) {
  scache_list_options* const options = ::scache_list_options_new();
  EXPECT_EQ(::scache_list_options_set_timeout_ms(options, 7), 0);
  EXPECT_EQ(options->timeout, milliseconds{7});
  EXPECT_EQ(::scache_list_options_set_prefix(options, ::scache_text("p")), 0);
  EXPECT_EQ(options->options.prefix, "p");
  EXPECT_EQ(::scache_list_options_set_kinds(options, SCACHE_CONNECTIONS), 0);
  EXPECT_EQ(::scache_list_options_set_kinds(options, 0), SCACHE_E_INVALID_ARGUMENT);
  EXPECT_EQ(::scache_list_options_set_kinds(options, 4), SCACHE_E_INVALID_ARGUMENT);
  EXPECT_TRUE(options->options.connections);
  EXPECT_FALSE(options->options.bindings);
  EXPECT_EQ(::scache_list_options_set_kinds(options, SCACHE_CONNECTIONS | SCACHE_BINDINGS), 0);
  EXPECT_TRUE(options->options.bindings);
  ::scache_list_options_free(options);
}

TEST(OptionsInC, StayAsTheyAreWithoutMemory) {
  const scache_bytes too_long{"x", SIZE_MAX / 2};
  EXPECT_EQ(::scache_binding_new(too_long), nullptr);
  scache_binding* const binding = ::scache_binding_new(::scache_text("d"));
  EXPECT_EQ(::scache_binding_set_properties(binding, ::scache_text("p")), 0);
  EXPECT_EQ(::scache_binding_set_properties(binding, too_long), SCACHE_E_SYSTEM);
  EXPECT_EQ(binding->binding.properties, "p");
  ::scache_binding_free(binding);
}

// What a program has whose _new function found no memory.
TEST(OptionsInC, ReportAnObjectThatIsMissing) {
  const scache_bytes text = ::scache_text("x");
  scache_save_options* const save = ::scache_save_options_new();
  EXPECT_EQ(::scache_client_options_set_socket_path(nullptr, "/x"), SCACHE_E_SYSTEM);
  EXPECT_EQ(::scache_client_options_set_timeout_ms(nullptr, 1), SCACHE_E_SYSTEM);
  EXPECT_EQ(::scache_client_options_set_protocol(nullptr, 0), SCACHE_E_SYSTEM);
  EXPECT_EQ(::scache_client_options_set_idle_streams(nullptr, 1), SCACHE_E_SYSTEM);
  EXPECT_EQ(::scache_call_options_set_timeout_ms(nullptr, 1), SCACHE_E_SYSTEM);
  EXPECT_EQ(::scache_binding_set_properties(nullptr, text), SCACHE_E_SYSTEM);
  EXPECT_EQ(::scache_binding_set_ttl_ms(nullptr, 1), SCACHE_E_SYSTEM);
  EXPECT_EQ(::scache_save_options_set_timeout_ms(nullptr, 1), SCACHE_E_SYSTEM);
  EXPECT_EQ(::scache_save_options_set_ttl_ms(nullptr, 1), SCACHE_E_SYSTEM);
  EXPECT_EQ(::scache_save_options_set_allow_input(nullptr, 1), SCACHE_E_SYSTEM);
  EXPECT_EQ(::scache_save_options_add_binding(save, nullptr), SCACHE_E_SYSTEM);
  EXPECT_EQ(::scache_list_options_set_timeout_ms(nullptr, 1), SCACHE_E_SYSTEM);
  EXPECT_EQ(::scache_list_options_set_kinds(nullptr, 1), SCACHE_E_SYSTEM);
  EXPECT_EQ(::scache_list_options_set_prefix(nullptr, text), SCACHE_E_SYSTEM);
  ::scache_save_options_free(save);
  ::scache_client_options_free(nullptr);
  ::scache_call_options_free(nullptr);
  ::scache_binding_free(nullptr);
  ::scache_save_options_free(nullptr);
  ::scache_list_options_free(nullptr);
}

}  // namespace
}  // namespace scache::client
