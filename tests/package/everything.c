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
  REQUIRE(entry->what == SCACHE_BINDINGS && same(entry->endpoint, "e") && entry->ttl > 0);
  ++*(int*)context;
  return 0;
}

static int count_statistic(void* context, scache_bytes name, uint64_t value) {
  (void)value;
  REQUIRE(name.size > 0);
  ++*(int*)context;
  return 0;
}

static void look_around(scache_client* client) {
  int entries = 0;
  int statistics = 0;
  scache_dropped dropped;
  REQUIRE(scache_list(client, SCACHE_BINDINGS, scache_text(""), -1, count_entry, &entries,
                      &error) == 0);
  REQUIRE(entries == 2);
  REQUIRE(scache_statistics(client, -1, count_statistic, &statistics, &error) == 0);
  REQUIRE(statistics > 0);
  REQUIRE(scache_drop_endpoint(client, scache_text("e"), -1, &dropped, &error) == 0);
  REQUIRE(dropped.connections == 0);
  REQUIRE(scache_drop_destination(client, scache_text("d"), -1, &dropped, &error) == 0);
  REQUIRE(dropped.bindings == 1);
  REQUIRE(scache_drop_prefix(client, scache_text(""), -1, &dropped, &error) == 0);
  REQUIRE(dropped.bindings == 1);
}

int main(int count, char** words) {
  if (count != 3) return 2;
  const int direct = strcmp(words[2], "direct") == 0;
  scache_client* client = NULL;
  scache_connection* connection = NULL;
  scache_saved saved;
  char server[64];
  char byte = 0;
  int ends[2];
  REQUIRE(scache_client_new(words[1], 10000, &client, &error) == 0);
  REQUIRE(scache_ping(client, -1, server, sizeof server, &error) == 0);
  REQUIRE((server[0] != '\0') == direct);

  REQUIRE(scache_find_endpoint(client, scache_text("e"), -1, &connection, &error) == 0);
  REQUIRE(connection == NULL);
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  REQUIRE(scache_connection_new(ends[0], scache_text("e"), scache_text("ep"), &connection,
                                &error) == 0);
  const scache_binding bindings[2] = {{scache_text("d"), scache_text("dp"), 100000},
                                      {scache_text("d2"), scache_text(""), 0}};
  REQUIRE(scache_save(client, connection, 100000, bindings, 2, -1, &saved, &error) == 0);
  REQUIRE(saved.bindings == 2 && (saved.id != 0) == direct);
  REQUIRE(scache_connection_descriptor(connection) == -1);
  scache_connection_free(connection);

  REQUIRE(scache_bind(client, &bindings[0], scache_text("e"), -1, &error) == 0);
  REQUIRE(scache_find_destination(client, scache_text("d"), -1, &connection, &error) == 0);
  REQUIRE(connection != NULL);
  REQUIRE(same(scache_connection_endpoint_properties(connection), "ep"));
  REQUIRE(same(scache_connection_destination_properties(connection), "dp"));
  REQUIRE(write(scache_connection_descriptor(connection), "x", 1) == 1);
  REQUIRE(read(ends[1], &byte, 1) == 1 && byte == 'x');
  REQUIRE(close(scache_connection_release(connection)) == 0);
  scache_connection_free(connection);

  if (direct) {
    look_around(client);
  } else {
    REQUIRE(scache_drop_prefix(client, scache_text(""), -1, NULL, &error) == SCACHE_E_UNSUPPORTED);
  }
  scache_client_free(client);
  REQUIRE(scache_client_new("/nowhere/at/all", -1, &client, &error) == 0);
  REQUIRE(scache_ping(client, -1, NULL, 0, &error) == SCACHE_E_NO_SERVER);
  scache_client_free(client);
  puts("all of it");
  return 0;
}
