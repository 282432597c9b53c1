/* libscache for C (C99 and later): connections shared by many processes.
 *
 * Conventions:
 *
 *  1. Handles are opaque. What a function with _new, or a lookup, hands out is the caller's, who
 *     frees it with the function of the same name and _free. Freeing NULL does nothing; no other
 *     function takes a NULL handle.
 *  2. Errors: a function that may fail answers 0, or a SCACHE_E_... number; then its results are as
 *     they were. Where `error` is not NULL the number and a sentence for people are put there. A
 *     lookup that finds nothing has not failed. Nothing is written to standard error, and errno
 *     means nothing.
 *  3. Strings are bytes with a size, a scache_bytes: names and properties may have NUL bytes, and
 *     need none at their end. scache_text() makes one of a C string. What is passed is copied where
 *     it is kept. What is told belongs to its handle, or to the visit that tells it, and ends with
 *     it; it is never NULL.
 *  4. Descriptors: a connection owns its descriptor, and closes it when it is freed.
 *     scache_connection_new() takes it over from the caller (where that fails it is the caller's
 *     still), scache_connection_release() gives it back, scache_connection_descriptor() only tells
 *     it. A save that succeeds closes it: the cache has it. So does a save in doubt, whose
 *     descriptor was sent and whose answer did not come (timeout, disconnected, protocol, system,
 *     cancelled): the cache may have it, and another process may have found it. Any other save that
 *     fails leaves it. scache_connection_descriptor() is -1 where it was closed.
 *     Every descriptor that is made here is close-on-exec.
 *  5. Times are milliseconds. A `timeout` is for one call; a negative one is the client's own. A
 *     `ttl` of 0 is the server's default.
 *  6. Threads: a scache_client may be used by many at once, except while it is freed; any other
 *     handle by one at a time.
 *  7. Forks: a child may use the client of its parent, with streams of its own; not after vfork().
 *  8. Signals: none is raised, not even SIGPIPE, and calls that one interrupts go on.
 *  9. Structures are never grown: what comes later gets functions of its own.
 *
 * scache/client.hpp says what the calls do; docs/protocol.md what the server makes of them.
 */
#ifndef SCACHE_CLIENT_H
#define SCACHE_CLIENT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SCACHE_C_API __attribute__((visibility("default")))

enum {
  SCACHE_E_NO_SERVER = 1,
  SCACHE_E_TIMEOUT = 2,
  SCACHE_E_DISCONNECTED = 3,
  SCACHE_E_PROTOCOL = 4,
  SCACHE_E_INVALID_ARGUMENT = 5,
  SCACHE_E_SYSTEM = 6,
  SCACHE_E_NO_DESCRIPTORS = 7,
  SCACHE_E_MALFORMED = 101,
  SCACHE_E_UNSUPPORTED = 102,
  SCACHE_E_FULL = 103,
  SCACHE_E_REFUSED = 104,
  SCACHE_E_TOO_LARGE = 105,
  SCACHE_E_BUSY = 106,
  SCACHE_E_CANCELLED = 107
};

typedef struct scache_error {
  int code;
  /* One sentence, cut where it is too long. */
  char text[252];
} scache_error;

typedef struct scache_bytes {
  const char* data;
  size_t size;
} scache_bytes;

static inline scache_bytes scache_text(const char* text) {
  scache_bytes bytes;
  bytes.data = text;
  bytes.size = strlen(text);
  return bytes;
}

/* A client of the server at a path, of which NULL is scached's: $SCACHE_SOCKET, else
 * $XDG_RUNTIME_DIR/scache/scached.sock, else (and for root) /run/scache/scached.sock. It connects
 * when it is first used. A negative timeout is the library's default, 2 seconds. */
typedef struct scache_client scache_client;
SCACHE_C_API int scache_client_new(const char* socket_path, int timeout, scache_client** client,
                                   scache_error* error);
SCACHE_C_API void scache_client_free(scache_client* client);

/* A connection: a descriptor, and what the cache knows of it. */
typedef struct scache_connection scache_connection;
SCACHE_C_API int scache_connection_new(int descriptor, scache_bytes endpoint,
                                       scache_bytes properties, scache_connection** connection,
                                       scache_error* error);
SCACHE_C_API void scache_connection_free(scache_connection* connection);
/* -1 where it has none any more. */
SCACHE_C_API int scache_connection_descriptor(const scache_connection* connection);
SCACHE_C_API int scache_connection_release(scache_connection* connection);
SCACHE_C_API scache_bytes scache_connection_endpoint(const scache_connection* connection);
SCACHE_C_API scache_bytes
scache_connection_endpoint_properties(const scache_connection* connection);
SCACHE_C_API scache_bytes
scache_connection_destination_properties(const scache_connection* connection);
SCACHE_C_API uint64_t scache_connection_id(const scache_connection* connection);
SCACHE_C_API uint64_t scache_connection_uses(const scache_connection* connection);
SCACHE_C_API int64_t scache_connection_age(const scache_connection* connection);
SCACHE_C_API int64_t scache_connection_idle(const scache_connection* connection);
/* For giving it back: under another name, or with other properties. */
SCACHE_C_API int scache_connection_set_endpoint(scache_connection* connection,
                                                scache_bytes endpoint, scache_error* error);
SCACHE_C_API int scache_connection_set_properties(scache_connection* connection,
                                                  scache_bytes properties, scache_error* error);

/* Takes a connection out of the cache; NULL where there is none. */
SCACHE_C_API int scache_find_endpoint(scache_client* client, scache_bytes endpoint, int timeout,
                                      scache_connection** found, scache_error* error);
SCACHE_C_API int scache_find_destination(scache_client* client, scache_bytes destination,
                                         int timeout, scache_connection** found,
                                         scache_error* error);

typedef struct scache_binding {
  scache_bytes destination;
  scache_bytes properties;
  int64_t ttl;
} scache_binding;

typedef struct scache_saved {
  /* 0 in Postfix's way. */
  uint64_t id;
  size_t bindings;
} scache_saved;

/* Saves a connection, and `count` bindings with it. `saved` may be NULL. After an error the
 * connection has its descriptor still where the cache does not have it; else that is -1, see 4. It
 * is freed by the caller in any case. */
SCACHE_C_API int scache_save(scache_client* client, scache_connection* connection, int64_t ttl,
                             const scache_binding* bindings, size_t count, int timeout,
                             scache_saved* saved, scache_error* error);
SCACHE_C_API int scache_bind(scache_client* client, const scache_binding* binding,
                             scache_bytes endpoint, int timeout, scache_error* error);

typedef struct scache_dropped {
  uint64_t connections;
  uint64_t bindings;
} scache_dropped;

/* `dropped` may be NULL. */
SCACHE_C_API int scache_drop_endpoint(scache_client* client, scache_bytes endpoint, int timeout,
                                      scache_dropped* dropped, scache_error* error);
SCACHE_C_API int scache_drop_destination(scache_client* client, scache_bytes destination,
                                         int timeout, scache_dropped* dropped, scache_error* error);
SCACHE_C_API int scache_drop_prefix(scache_client* client, scache_bytes prefix, int timeout,
                                    scache_dropped* dropped, scache_error* error);

enum { SCACHE_CONNECTIONS = 1, SCACHE_BINDINGS = 2 };

typedef struct scache_entry {
  /* SCACHE_CONNECTIONS or SCACHE_BINDINGS: which of them it is. */
  int what;
  scache_bytes endpoint;
  scache_bytes destination;
  scache_bytes properties;
  int64_t ttl;
  uint64_t id;
  uint64_t uses;
  int64_t age;
  int64_t idle;
  uint64_t owner;
} scache_entry;

/* Tells each entry to `visit`, as long as it answers 0. `what` is one or both of the above. */
SCACHE_C_API int scache_list(scache_client* client, int what, scache_bytes prefix, int timeout,
                             int (*visit)(void* context, const scache_entry* entry), void* context,
                             scache_error* error);
/* Tells each counter to `visit`, as long as it answers 0. */
SCACHE_C_API int scache_statistics(scache_client* client, int timeout,
                                   int (*visit)(void* context, scache_bytes name, uint64_t value),
                                   void* context, scache_error* error);
/* Whether the server is there. `server` gets its name and version, as far as they fit, with a NUL
 * at their end; it may be NULL, with size 0. */
SCACHE_C_API int scache_ping(scache_client* client, int timeout, char* server, size_t size,
                             scache_error* error);

#ifdef __cplusplus
}
#endif

#endif
