/* SPDX-License-Identifier: Apache-2.0 */
/* libscache for C (C99 and later): connections shared by many processes.
 *
 *   scache_client_new(NULL, &cache, &error);
 *   scache_find_endpoint(cache, endpoint, NULL, &connection, &error);
 *   if (connection == NULL) scache_connection_new(descriptor, endpoint, &connection, &error);
 *   ...                                                         use the connection
 *   scache_save_ttl_ms(cache, connection, 30000, &error);       for the next user
 *   scache_connection_free(connection);
 *   scache_client_free(cache);
 *
 * Conventions:
 *
 *  1. Objects are opaque. The caller owns the objects that a _new function or a lookup returns, and
 *     frees each with the _free function of its type. Freeing NULL does nothing.
 *  2. Options: NULL means the defaults. A program that wants others creates an options object, and
 *     sets those that differ. It may use the object for any number of calls, and free it after any
 *     of them: the library copies what it keeps.
 *  3. NULL: a _new function that returns a pointer returns NULL if there is no memory. If the
 *     object of a setter or the binding of a call is NULL, the function returns SCACHE_E_SYSTEM, so
 *     that a program need not check the pointer before. Except for these, options and `error`, a
 *     pointer must not be NULL unless its function permits that.
 *  4. Errors: a function that may fail returns 0 or a SCACHE_E_... number. After an error its
 *     results and the object that it sets are unchanged, and `error`, if it is not NULL, has the
 *     number and a message for people. A setter returns SCACHE_E_INVALID_ARGUMENT if its value is
 *     out of range. A lookup that finds nothing has not failed. The library writes nothing to
 *     standard error. errno is unspecified.
 *  5. Strings are bytes with a size, scache_bytes: names and properties may contain NUL bytes, and
 *     need no NUL at their end. scache_text() converts a C string. The library copies its
 *     arguments. Bytes that it returns belong to their object. They are valid until the object is
 *     freed or changed, and are never NULL.
 *  6. Descriptors: a connection owns its descriptor, and closes it when it is freed.
 *     scache_connection_new() takes ownership; if it fails, the caller still owns the descriptor.
 *     scache_connection_release() gives ownership to the caller; scache_connection_descriptor()
 *     does not. A save that succeeds closes the descriptor: the cache has the connection. A save in
 *     doubt, that is, one whose descriptor was sent and whose answer did not arrive (timeout,
 *     disconnected, protocol, system, cancelled), closes it, too: the cache may have the
 *     connection, and another process may have found it. Any other failed save leaves it open.
 *     scache_connection_descriptor() returns -1 if the descriptor was closed.
 *     Every descriptor that the library opens is close-on-exec.
 *  7. Times are in milliseconds, as the names of the functions say (_ms).
 *  8. Threads: any number of threads may use a scache_client at the same time, except to free it.
 *     Any number of threads may pass the same options or binding to calls, as long as none changes
 *     or frees it. Only one thread at a time may use any other object.
 *  9. Forks: a child may use the client of its parent, with streams of its own; not after vfork().
 * 10. Signals: the library raises none, SIGPIPE included. Calls continue after a signal handler.
 * 11. Compatibility: each new option and result gets a new function, so that programs need not be
 *     compiled again. scache_bytes and scache_error keep their sizes. Later versions may return
 *     error numbers that are not in this header.
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
  SCACHE_E_CANCELLED = 107,
  SCACHE_E_DENIED = 108
};

typedef struct scache_error {
  int code;
  /* Zeros. Room for members of later versions. */
  int reserved[3];
  /* One sentence, truncated if it is too long. */
  char text[240];
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

/* The options of a client. */
typedef struct scache_client_options scache_client_options;
SCACHE_C_API scache_client_options* scache_client_options_new(void);
SCACHE_C_API void scache_client_options_free(scache_client_options* options);
/* The path of the server's UNIX-domain socket, 1 to 107 bytes. NULL means the default:
 * $SCACHE_SOCKET; else $XDG_RUNTIME_DIR/scache/scached.sock; else, and for root,
 * /run/scache/scached.sock. */
SCACHE_C_API int scache_client_options_set_socket_path(scache_client_options* options,
                                                       const char* path);
/* The time limit of a call, 0 or more. The default is 2000. */
SCACHE_C_API int scache_client_options_set_timeout_ms(scache_client_options* options, int timeout);
/* The protocol to use with the server. The default, SCACHE_PROTOCOL_ANY, prefers the direct
 * protocol. */
enum { SCACHE_PROTOCOL_ANY = 0, SCACHE_PROTOCOL_DIRECT = 1, SCACHE_PROTOCOL_POSTFIX = 2 };
SCACHE_C_API int scache_client_options_set_protocol(scache_client_options* options, int protocol);
/* How many streams stay open between calls, at most 256. The default is 4. Concurrent calls use a
 * stream each. A stream takes two descriptors. */
SCACHE_C_API int scache_client_options_set_idle_streams(scache_client_options* options,
                                                        size_t streams);

/* Creates a client of one server. The first call connects. */
typedef struct scache_client scache_client;
SCACHE_C_API int scache_client_new(const scache_client_options* options, scache_client** client,
                                   scache_error* error);
SCACHE_C_API void scache_client_free(scache_client* client);

/* The options of a find, bind, drop, statistics or ping. */
typedef struct scache_call_options scache_call_options;
SCACHE_C_API scache_call_options* scache_call_options_new(void);
SCACHE_C_API void scache_call_options_free(scache_call_options* options);
/* The time limit of this call, 0 or more. The default is that of the client. */
SCACHE_C_API int scache_call_options_set_timeout_ms(scache_call_options* options, int timeout);

/* A connection: a descriptor, and its data in the cache. Its properties are empty until they are
 * set. */
typedef struct scache_connection scache_connection;
SCACHE_C_API int scache_connection_new(int descriptor, scache_bytes endpoint,
                                       scache_connection** connection, scache_error* error);
SCACHE_C_API void scache_connection_free(scache_connection* connection);
/* -1 if the connection has no descriptor. */
SCACHE_C_API int scache_connection_descriptor(const scache_connection* connection);
SCACHE_C_API int scache_connection_release(scache_connection* connection);
SCACHE_C_API scache_bytes scache_connection_endpoint(const scache_connection* connection);
SCACHE_C_API scache_bytes
scache_connection_endpoint_properties(const scache_connection* connection);
/* The properties of the binding through which a lookup by destination found the connection. */
SCACHE_C_API scache_bytes
scache_connection_destination_properties(const scache_connection* connection);
/* The server's number for the connection, after a lookup or a save. 0 in the Postfix protocol. */
SCACHE_C_API uint64_t scache_connection_id(const scache_connection* connection);
/* How often the connection has been found, and at the lookup the time since its first save and
 * since its last. 0 in the Postfix protocol. */
SCACHE_C_API uint64_t scache_connection_uses(const scache_connection* connection);
SCACHE_C_API int64_t scache_connection_age_ms(const scache_connection* connection);
SCACHE_C_API int64_t scache_connection_idle_ms(const scache_connection* connection);
/* How many bindings the server saved with the connection. If there is no room for a binding, it
 * still saves the connection. */
SCACHE_C_API size_t scache_connection_saved_bindings(const scache_connection* connection);
/* The name and the properties of the next save. */
SCACHE_C_API int scache_connection_set_endpoint(scache_connection* connection,
                                                scache_bytes endpoint);
SCACHE_C_API int scache_connection_set_properties(scache_connection* connection,
                                                  scache_bytes properties);

/* Take a connection out of the cache; `found` is NULL if there is none. */
SCACHE_C_API int scache_find_endpoint(scache_client* client, scache_bytes endpoint,
                                      const scache_call_options* options, scache_connection** found,
                                      scache_error* error);
SCACHE_C_API int scache_find_destination(scache_client* client, scache_bytes destination,
                                         const scache_call_options* options,
                                         scache_connection** found, scache_error* error);

/* A binding of a destination to an endpoint. Its properties are empty until they are set. */
typedef struct scache_binding scache_binding;
SCACHE_C_API scache_binding* scache_binding_new(scache_bytes destination);
SCACHE_C_API void scache_binding_free(scache_binding* binding);
SCACHE_C_API int scache_binding_set_properties(scache_binding* binding, scache_bytes properties);
/* The time to live of the binding, greater than 0. The default is the server's. */
SCACHE_C_API int scache_binding_set_ttl_ms(scache_binding* binding, int64_t ttl);

/* The options of a save. */
typedef struct scache_save_options scache_save_options;
SCACHE_C_API scache_save_options* scache_save_options_new(void);
SCACHE_C_API void scache_save_options_free(scache_save_options* options);
/* The time limit of this call, 0 or more. The default is that of the client. */
SCACHE_C_API int scache_save_options_set_timeout_ms(scache_save_options* options, int timeout);
/* The time to live of the connection, greater than 0. The default is the server's. */
SCACHE_C_API int scache_save_options_set_ttl_ms(scache_save_options* options, int64_t ttl);
/* Whether the connection may have unread input: 0, the default, or 1. See allow_input of
 * scache::SaveOptions in <scache/connection.hpp>. */
SCACHE_C_API int scache_save_options_set_allow_input(scache_save_options* options, int allow);
/* Adds a copy of a binding, which the server saves with the connection. */
SCACHE_C_API int scache_save_options_add_binding(scache_save_options* options,
                                                 const scache_binding* binding);

/* Save a connection. scache_save_ttl_ms() is a save whose only option is the ttl. After an error
 * the connection has its descriptor, or none if the save is in doubt (see 6). The caller frees the
 * connection in any case. */
SCACHE_C_API int scache_save(scache_client* client, scache_connection* connection,
                             const scache_save_options* options, scache_error* error);
SCACHE_C_API int scache_save_ttl_ms(scache_client* client, scache_connection* connection,
                                    int64_t ttl, scache_error* error);

/* Binds a destination to an endpoint, or renews the binding. */
SCACHE_C_API int scache_bind(scache_client* client, const scache_binding* binding,
                             scache_bytes endpoint, const scache_call_options* options,
                             scache_error* error);

/* Remove all connections of an endpoint; all bindings of a destination; all connections whose
 * endpoint, and all bindings whose destination, begins with a prefix. An empty prefix removes
 * everything. `connections` and `bindings` receive the numbers of removed entries; they may be
 * NULL. */
SCACHE_C_API int scache_drop_endpoint(scache_client* client, scache_bytes endpoint,
                                      const scache_call_options* options, uint64_t* connections,
                                      scache_error* error);
SCACHE_C_API int scache_drop_destination(scache_client* client, scache_bytes destination,
                                         const scache_call_options* options, uint64_t* bindings,
                                         scache_error* error);
SCACHE_C_API int scache_drop_prefix(scache_client* client, scache_bytes prefix,
                                    const scache_call_options* options, uint64_t* connections,
                                    uint64_t* bindings, scache_error* error);

/* The options of a list. */
typedef struct scache_list_options scache_list_options;
SCACHE_C_API scache_list_options* scache_list_options_new(void);
SCACHE_C_API void scache_list_options_free(scache_list_options* options);
/* The time limit of this call, 0 or more. The default is that of the client. */
SCACHE_C_API int scache_list_options_set_timeout_ms(scache_list_options* options, int timeout);
/* What to list: SCACHE_CONNECTIONS, SCACHE_BINDINGS, or both (the default). */
enum { SCACHE_CONNECTIONS = 1, SCACHE_BINDINGS = 2 };
SCACHE_C_API int scache_list_options_set_kinds(scache_list_options* options, int kinds);
/* Selects connections whose endpoint, and bindings whose destination, begins with it. */
SCACHE_C_API int scache_list_options_set_prefix(scache_list_options* options, scache_bytes prefix);

/* Calls `visit` for each entry, in the order in which they expire, as long as it returns 0. The
 * entry is valid during the call of `visit`. */
typedef struct scache_entry scache_entry;
typedef int scache_visit_entry(void* context, const scache_entry* entry);
SCACHE_C_API int scache_list(scache_client* client, const scache_list_options* options,
                             scache_visit_entry* visit, void* context, scache_error* error);
/* SCACHE_CONNECTIONS or SCACHE_BINDINGS. */
SCACHE_C_API int scache_entry_kind(const scache_entry* entry);
SCACHE_C_API scache_bytes scache_entry_endpoint(const scache_entry* entry);
/* Of a binding. */
SCACHE_C_API scache_bytes scache_entry_destination(const scache_entry* entry);
/* Of the connection, or of the binding. */
SCACHE_C_API scache_bytes scache_entry_properties(const scache_entry* entry);
/* The remaining time to live. */
SCACHE_C_API int64_t scache_entry_ttl_ms(const scache_entry* entry);
/* Of a connection: as those of scache_connection, and the user id of the client that saved it. */
SCACHE_C_API uint64_t scache_entry_id(const scache_entry* entry);
SCACHE_C_API uint64_t scache_entry_uses(const scache_entry* entry);
SCACHE_C_API int64_t scache_entry_age_ms(const scache_entry* entry);
SCACHE_C_API int64_t scache_entry_idle_ms(const scache_entry* entry);
SCACHE_C_API uint64_t scache_entry_owner(const scache_entry* entry);

/* Calls `visit` for each counter of the server, as long as it returns 0. The statistic is valid
 * during the call of `visit`. docs/protocol.md lists the names. */
typedef struct scache_statistic scache_statistic;
typedef int scache_visit_statistic(void* context, const scache_statistic* statistic);
SCACHE_C_API int scache_statistics(scache_client* client, const scache_call_options* options,
                                   scache_visit_statistic* visit, void* context,
                                   scache_error* error);
SCACHE_C_API scache_bytes scache_statistic_name(const scache_statistic* statistic);
SCACHE_C_API uint64_t scache_statistic_value(const scache_statistic* statistic);

/* Checks whether the server answers. Writes its name and version to `server`, truncated to `size`
 * bytes including the NUL; `server` may be NULL if `size` is 0. */
SCACHE_C_API int scache_ping(scache_client* client, const scache_call_options* options,
                             char* server, size_t size, scache_error* error);

#ifdef __cplusplus
}
#endif

#endif
