// SPDX-License-Identifier: Apache-2.0
/* Everything that libscache does in C, once, with a real server: `everything SOCKET
 * direct|postfix`. */

#include <scache/client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUIRE(condition) require(condition, #condition)

static scache_error error;

static void require(int good, const char* what) {
  if (good) return;
  fprintf(stderr, "not so: %s; the last error: %d %s\n", what, error.code, error.text);
  exit(1);
}

static int same(scache_bytes bytes, const char* text) {
  return bytes.size == strlen(text) && memcmp(bytes.data, text, bytes.size) == 0;
}

static int count_entry(void* context, const scache_entry* entry) {
  REQUIRE(scache_entry_kind(entry) == SCACHE_BINDINGS);
  REQUIRE(same(scache_entry_endpoint(entry), "e") && scache_entry_ttl_ms(entry) > 0);
  ++*(int*)context;
  return 0;
}

static int count_statistic(void* context, const scache_statistic* statistic) {
  REQUIRE(scache_statistic_name(statistic).size > 0);
  ++*(int*)context;
  return 0;
}

static scache_client* client_of(const char* path) {
  scache_client_options* options = scache_client_options_new();
  scache_client* client = NULL;
  REQUIRE(scache_client_options_set_socket_path(options, path) == 0);
  REQUIRE(scache_client_options_set_timeout_ms(options, 10000) == 0);
  REQUIRE(scache_client_new(options, &client, &error) == 0);
  scache_client_options_free(options);
  return client;
}

/* Saves a connection with two bindings, and renews one of them. */
static void save(scache_client* client, int descriptor, int direct) {
  scache_connection* connection = NULL;
  scache_save_options* options = scache_save_options_new();
  scache_binding* first = scache_binding_new(scache_text("d"));
  scache_binding* second = scache_binding_new(scache_text("d2"));
  REQUIRE(scache_binding_set_properties(first, scache_text("dp")) == 0);
  REQUIRE(scache_binding_set_ttl_ms(first, 100000) == 0);
  REQUIRE(scache_save_options_set_ttl_ms(options, 100000) == 0);
  REQUIRE(scache_save_options_set_allow_input(options, 1) == 0);
  REQUIRE(scache_save_options_add_binding(options, first) == 0);
  REQUIRE(scache_save_options_add_binding(options, second) == 0);
  REQUIRE(scache_connection_new(descriptor, scache_text("e"), &connection, &error) == 0);
  REQUIRE(scache_connection_set_properties(connection, scache_text("ep")) == 0);
  REQUIRE(scache_save(client, connection, options, &error) == 0);
  REQUIRE(scache_connection_saved_bindings(connection) == 2);
  REQUIRE((scache_connection_id(connection) != 0) == direct);
  REQUIRE(scache_connection_descriptor(connection) == -1);
  REQUIRE(scache_bind(client, first, scache_text("e"), NULL, &error) == 0);
  scache_connection_free(connection);
  scache_save_options_free(options);
  scache_binding_free(first);
  scache_binding_free(second);
}

static void look_around(scache_client* client) {
  int entries = 0;
  int statistics = 0;
  uint64_t connections = 1;
  uint64_t bindings = 0;
  scache_list_options* options = scache_list_options_new();
  REQUIRE(scache_list_options_set_kinds(options, SCACHE_BINDINGS) == 0);
  REQUIRE(scache_list(client, options, count_entry, &entries, &error) == 0);
  scache_list_options_free(options);
  REQUIRE(entries == 2);
  REQUIRE(scache_statistics(client, NULL, count_statistic, &statistics, &error) == 0);
  REQUIRE(statistics > 0);
  REQUIRE(scache_drop_endpoint(client, scache_text("e"), NULL, &connections, &error) == 0);
  REQUIRE(connections == 0);
  REQUIRE(scache_drop_destination(client, scache_text("d"), NULL, &bindings, &error) == 0);
  REQUIRE(bindings == 1);
  REQUIRE(scache_drop_prefix(client, scache_text(""), NULL, NULL, &bindings, &error) == 0);
  REQUIRE(bindings == 1);
}

int main(int count, char** words) {
  if (count != 3) return 2;
  const int direct = strcmp(words[2], "direct") == 0;
  scache_connection* connection = NULL;
  char server[64];
  char byte = 0;
  int ends[2];
  scache_client* client = client_of(words[1]);
  REQUIRE(scache_ping(client, NULL, server, sizeof server, &error) == 0);
  REQUIRE((server[0] != '\0') == direct);

  REQUIRE(scache_find_endpoint(client, scache_text("e"), NULL, &connection, &error) == 0);
  REQUIRE(connection == NULL);
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  save(client, ends[0], direct);
  REQUIRE(scache_find_destination(client, scache_text("d"), NULL, &connection, &error) == 0);
  REQUIRE(connection != NULL);
  REQUIRE(same(scache_connection_endpoint_properties(connection), "ep"));
  REQUIRE(same(scache_connection_destination_properties(connection), "dp"));
  REQUIRE(write(scache_connection_descriptor(connection), "x", 1) == 1);
  REQUIRE(read(ends[1], &byte, 1) == 1 && byte == 'x');

  REQUIRE(scache_connection_set_endpoint(connection, scache_text("e")) == 0);
  REQUIRE(scache_save_ttl_ms(client, connection, 100000, &error) == 0);
  scache_connection_free(connection);
  REQUIRE(scache_find_endpoint(client, scache_text("e"), NULL, &connection, &error) == 0);
  REQUIRE(connection != NULL);
  REQUIRE(close(scache_connection_release(connection)) == 0);
  scache_connection_free(connection);

  if (direct) {
    look_around(client);
  } else {
    REQUIRE(scache_drop_prefix(client, scache_text(""), NULL, NULL, NULL, &error) ==
            SCACHE_E_UNSUPPORTED);
  }
  scache_client_free(client);
  client = client_of("/nowhere/at/all");
  REQUIRE(scache_ping(client, NULL, NULL, 0, &error) == SCACHE_E_NO_SERVER);
  scache_client_free(client);
  puts("all of it");
  return 0;
}
