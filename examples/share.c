#include <arpa/inet.h>
#include <scache/client.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Opens a connection to a server on this machine. */
static int connect_to(unsigned short port) {
  const int number = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(number, (struct sockaddr*)&address, sizeof address) != 0) {
    perror("connect");
    exit(1);
  }
  return number;
}

int main(void) {
  scache_bytes endpoint = scache_text("echo 127.0.0.1 7007");
  scache_client* cache = NULL;
  scache_connection* connection = NULL;
  scache_error error;
  if (scache_client_new(NULL, &cache, &error) != 0) return 1;
  if (scache_find_endpoint(cache, endpoint, NULL, &connection, &error) != 0)
    fprintf(stderr, "%s\n", error.text);
  if (connection == NULL &&
      scache_connection_new(connect_to(7007), endpoint, &connection, &error) != 0)
    return 1;
  char reply[6];
  if (write(scache_connection_descriptor(connection), "hello\n", 6) != 6) return 1;
  const ssize_t size = read(scache_connection_descriptor(connection), reply, 6);
  if (size <= 0) return 1;
  fwrite(reply, 1, (size_t)size, stdout);
  if (scache_save_ttl_ms(cache, connection, 30000, &error) != 0)
    fprintf(stderr, "%s\n", error.text);
  scache_connection_free(connection);
  scache_client_free(cache);
}
