/* SPDX-License-Identifier: Apache-2.0 */
/* libscache for C (C99 and later): connections shared by many processes.
 *
 * Conventions:
 *
 *  1. Handles are opaque. The caller owns the handles that a _new function or a lookup returns,
 *     and frees them with scache_client_free() and scache_connection_free(). Freeing NULL does
 *     nothing; no other function accepts a NULL handle.
 *  2. Errors: a function that may fail returns 0 or a SCACHE_E_... number. After an error its
 *     results are unchanged, and `error`, if it is not NULL, has the number and a message for
 *     people. A lookup that finds nothing has not failed. The library writes nothing to standard
 *     error. errno is unspecified.
 *  3. Strings are bytes with a size, scache_bytes: names and properties may contain NUL bytes, and
 *     need no NUL at their end. scache_text() converts a C string. The library copies its
 *     arguments. Bytes that it returns belong to their handle, or to the call of `visit`, and are
 *     valid as long as that; they are never NULL.
 *  4. Descriptors: a connection owns its descriptor, and closes it when it is freed.
 *     scache_connection_new() takes ownership; if it fails, the caller still owns the descriptor.
 *     scache_connection_release() gives ownership to the caller; scache_connection_descriptor()
 *     does not. A save that succeeds closes the descriptor: the cache has the connection. A save in
 *     doubt, that is, one whose descriptor was sent and whose answer did not arrive (timeout,
 *     disconnected, protocol, system, cancelled), closes it, too: the cache may have the
 *     connection, and another process may have found it. Any other failed save leaves it open.
 *     scache_connection_descriptor() returns -1 if the descriptor was closed.
 *     Every descriptor that the library opens is close-on-exec.
 *  5. Times are in milliseconds. `timeout` applies to one call; a negative one means the client's
 *     own. A `ttl` of 0 means the server's default.
 *  6. Threads: any number of threads may use a scache_client at the same time, except to free it;
 *     only one at a time may use any other handle.
 *  7. Forks: a child may use the client of its parent, with streams of its own; not after vfork().
 *  8. Signals: the library raises none, SIGPIPE included. Calls continue after a signal handler.
 *  9. Structures never grow: new features get new functions.
 *
 * scache/client.hpp describes the calls, docs/protocol.md the server.
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
  /* One sentence, truncated if it is too long. */
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

/* Creates a client of the server at a path. NULL means the default path: $SCACHE_SOCKET; else
 * $XDG_RUNTIME_DIR/scache/scached.sock; else, and for root, /run/scache/scached.sock. The first
 * call connects. A negative timeout means the default, 2 seconds. */
typedef struct scache_client scache_client;
SCACHE_C_API int scache_client_new(const char* socket_path, int timeout, scache_client** client,
                                   scache_error* error);
SCACHE_C_API void scache_client_free(scache_client* client);

/* A connection: a descriptor, and its data in the cache. */
typedef struct scache_connection scache_connection;
SCACHE_C_API int scache_connection_new(int descriptor, scache_bytes endpoint,
                                       scache_bytes properties, scache_connection** connection,
                                       scache_error* error);
SCACHE_C_API void scache_connection_free(scache_connection* connection);
/* -1 if the connection has no descriptor any more. */
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
/* To save it again under another name, or with other properties. */
SCACHE_C_API int scache_connection_set_endpoint(scache_connection* connection,
                                                scache_bytes endpoint, scache_error* error);
SCACHE_C_API int scache_connection_set_properties(scache_connection* connection,
                                                  scache_bytes properties, scache_error* error);

/* Take a connection out of the cache; `found` is NULL if there is none. */
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
  /* 0 in the Postfix protocol. */
  uint64_t id;
  size_t bindings;
} scache_saved;

/* Saves a connection, and `count` bindings with it. `saved` may be NULL. After an error the
 * connection has its descriptor, or none if the save is in doubt (see 4). The caller frees the
 * connection in any case. */
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
  /* SCACHE_CONNECTIONS or SCACHE_BINDINGS. */
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

/* Calls `visit` for each entry, as long as it returns 0. `what` is SCACHE_CONNECTIONS,
 * SCACHE_BINDINGS, or both. */
SCACHE_C_API int scache_list(scache_client* client, int what, scache_bytes prefix, int timeout,
                             int (*visit)(void* context, const scache_entry* entry), void* context,
                             scache_error* error);
/* Calls `visit` for each counter, as long as it returns 0. */
SCACHE_C_API int scache_statistics(scache_client* client, int timeout,
                                   int (*visit)(void* context, scache_bytes name, uint64_t value),
                                   void* context, scache_error* error);
/* Checks whether the server answers. Writes its name and version to `server`, truncated to `size`
 * bytes including the NUL; `server` may be NULL if `size` is 0. */
SCACHE_C_API int scache_ping(scache_client* client, int timeout, char* server, size_t size,
                             scache_error* error);

#ifdef __cplusplus
}
#endif

#endif
