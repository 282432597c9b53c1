// SPDX-License-Identifier: Apache-2.0
#include <scache/client.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <scache/client.hpp>
#include <string>
#include <string_view>
#include <utility>

// Each function of C converts the arguments and results of a C++ one, and catches exceptions.

struct scache_client {
  scache::Client client;
};

struct scache_connection {
  scache::Connection connection;
};

namespace {

using scache::Error;
using scache::ErrorCode;
using std::chrono::milliseconds;

static_assert(SCACHE_E_SYSTEM == static_cast<int>(ErrorCode::system));
static_assert(SCACHE_E_NO_DESCRIPTORS == static_cast<int>(ErrorCode::no_descriptors));
static_assert(SCACHE_E_MALFORMED == static_cast<int>(ErrorCode::malformed));
static_assert(SCACHE_E_CANCELLED == static_cast<int>(ErrorCode::cancelled));

int set_error(scache_error* error, ErrorCode code, std::string_view text) noexcept {
  if (error != nullptr) {
    error->code = static_cast<int>(code);
    error->text[text.copy(error->text, sizeof error->text - 1)] = '\0';
  }
  return static_cast<int>(code);
}

int set_error(scache_error* error, const Error& what) noexcept {
  return set_error(error, what.code, what.text);
}

// Calls `run`, which returns an error code. std::bad_alloc becomes ErrorCode::system.
template <typename Run>
int guarded(scache_error* error, Run run) noexcept {
  try {
    return run();
  } catch (...) {
    return set_error(error, ErrorCode::system, "Out of memory.");
  }
}

std::string_view view(scache_bytes bytes) noexcept {
  return {bytes.data, bytes.size};
}

scache_bytes bytes(const std::string& text) noexcept {
  return {text.data(), text.size()};
}

scache::Client::Timeout time_of(int timeout) noexcept {
  if (timeout < 0) return std::nullopt;
  return milliseconds{timeout};
}

// The C++ library reports a negative ttl as an error.
scache::Ttl ttl_of(std::int64_t ttl) noexcept {
  if (ttl == 0) return std::nullopt;
  return milliseconds{ttl};
}

scache::Binding binding_of(const scache_binding& binding) {
  return {std::string{view(binding.destination)}, std::string{view(binding.properties)},
          ttl_of(binding.ttl)};
}

template <typename Find>
int find(scache_connection** found, scache_error* error, Find find_it) noexcept {
  return guarded(error, [&] {
    auto result = find_it();
    if (!result) return set_error(error, result.error());
    *found = *result ? std::make_unique<scache_connection>(std::move(*result)).release() : nullptr;
    return 0;
  });
}

template <typename Drop>
int drop(scache_dropped* dropped, scache_error* error, Drop drop_it) noexcept {
  return guarded(error, [&] {
    const auto result = drop_it();
    if (!result) return set_error(error, result.error());
    if (dropped != nullptr) *dropped = {result->connections, result->bindings};
    return 0;
  });
}

scache_entry entry_of(const scache::Entry& entry) noexcept {
  const bool connection = entry.kind == scache::Entry::Kind::connection;
  return {.what = connection ? SCACHE_CONNECTIONS : SCACHE_BINDINGS,
          .endpoint = bytes(entry.endpoint),
          .destination = bytes(entry.destination),
          .properties = bytes(entry.properties),
          .ttl = entry.ttl.count(),
          .id = entry.id,
          .uses = entry.uses,
          .age = entry.age.count(),
          .idle = entry.idle.count(),
          .owner = entry.owner};
}

}  // namespace

int scache_client_new(const char* socket_path, int timeout, scache_client** client,
                      scache_error* error) {
  return guarded(error, [&] {
    scache::ClientOptions options;
    if (timeout >= 0) options.timeout = milliseconds{timeout};
    std::string path = socket_path != nullptr ? socket_path : scache::default_socket_path();
    *client = new scache_client{scache::Client{std::move(path), options}};
    return 0;
  });
}

void scache_client_free(scache_client* client) {
  delete client;
}

int scache_connection_new(int descriptor, scache_bytes endpoint, scache_bytes properties,
                          scache_connection** connection, scache_error* error) {
  return guarded(error, [&] {
    auto made = std::make_unique<scache_connection>();
    made->connection.endpoint = view(endpoint);
    made->connection.endpoint_properties = view(properties);
    made->connection.descriptor.reset(descriptor);
    *connection = made.release();
    return 0;
  });
}

void scache_connection_free(scache_connection* connection) {
  delete connection;
}

int scache_connection_descriptor(const scache_connection* connection) {
  return connection->connection.descriptor.get();
}

int scache_connection_release(scache_connection* connection) {
  return connection->connection.descriptor.release();
}

scache_bytes scache_connection_endpoint(const scache_connection* connection) {
  return bytes(connection->connection.endpoint);
}

scache_bytes scache_connection_endpoint_properties(const scache_connection* connection) {
  return bytes(connection->connection.endpoint_properties);
}

scache_bytes scache_connection_destination_properties(const scache_connection* connection) {
  return bytes(connection->connection.destination_properties);
}

uint64_t scache_connection_id(const scache_connection* connection) {
  return connection->connection.id;
}

uint64_t scache_connection_uses(const scache_connection* connection) {
  return connection->connection.uses;
}

int64_t scache_connection_age(const scache_connection* connection) {
  return connection->connection.age.count();
}

int64_t scache_connection_idle(const scache_connection* connection) {
  return connection->connection.idle.count();
}

int scache_connection_set_endpoint(scache_connection* connection, scache_bytes endpoint,
                                   scache_error* error) {
  return guarded(error, [&] {
    connection->connection.endpoint = view(endpoint);
    return 0;
  });
}

int scache_connection_set_properties(scache_connection* connection, scache_bytes properties,
                                     scache_error* error) {
  return guarded(error, [&] {
    connection->connection.endpoint_properties = view(properties);
    return 0;
  });
}

int scache_find_endpoint(scache_client* client, scache_bytes endpoint, int timeout,
                         scache_connection** found, scache_error* error) {
  return find(found, error,
              [&] { return client->client.find_endpoint(view(endpoint), time_of(timeout)); });
}

int scache_find_destination(scache_client* client, scache_bytes destination, int timeout,
                            scache_connection** found, scache_error* error) {
  return find(found, error,
              [&] { return client->client.find_destination(view(destination), time_of(timeout)); });
}

int scache_save(scache_client* client, scache_connection* connection, int64_t ttl,
                const scache_binding* bindings, size_t count, int timeout, scache_saved* saved,
                scache_error* error) {
  return guarded(error, [&] {
    scache::SaveOptions options{.ttl = ttl_of(ttl)};
    for (size_t i = 0; i < count; ++i) options.bindings.push_back(binding_of(bindings[i]));
    const auto result = client->client.save(connection->connection, options, time_of(timeout));
    if (!result) return set_error(error, result.error());
    if (saved != nullptr) *saved = {result->id, result->bindings};
    return 0;
  });
}

int scache_bind(scache_client* client, const scache_binding* binding, scache_bytes endpoint,
                int timeout, scache_error* error) {
  return guarded(error, [&] {
    const auto result = client->client.bind(binding_of(*binding), view(endpoint), time_of(timeout));
    return result ? 0 : set_error(error, result.error());
  });
}

int scache_drop_endpoint(scache_client* client, scache_bytes endpoint, int timeout,
                         scache_dropped* dropped, scache_error* error) {
  return drop(dropped, error,
              [&] { return client->client.drop_endpoint(view(endpoint), time_of(timeout)); });
}

int scache_drop_destination(scache_client* client, scache_bytes destination, int timeout,
                            scache_dropped* dropped, scache_error* error) {
  return drop(dropped, error,
              [&] { return client->client.drop_destination(view(destination), time_of(timeout)); });
}

int scache_drop_prefix(scache_client* client, scache_bytes prefix, int timeout,
                       scache_dropped* dropped, scache_error* error) {
  return drop(dropped, error,
              [&] { return client->client.drop_prefix(view(prefix), time_of(timeout)); });
}

int scache_list(scache_client* client, int what, scache_bytes prefix, int timeout,
                int (*visit)(void* context, const scache_entry* entry), void* context,
                scache_error* error) {
  return guarded(error, [&] {
    const scache::ListOptions options{.connections = (what & SCACHE_CONNECTIONS) != 0,
                                      .bindings = (what & SCACHE_BINDINGS) != 0,
                                      .prefix = std::string{view(prefix)}};
    const auto entries = client->client.list(options, time_of(timeout));
    if (!entries) return set_error(error, entries.error());
    for (const scache::Entry& entry : *entries) {
      const scache_entry item = entry_of(entry);
      if (visit(context, &item) != 0) break;
    }
    return 0;
  });
}

int scache_statistics(scache_client* client, int timeout,
                      int (*visit)(void* context, scache_bytes name, uint64_t value), void* context,
                      scache_error* error) {
  return guarded(error, [&] {
    const auto statistics = client->client.statistics(time_of(timeout));
    if (!statistics) return set_error(error, statistics.error());
    for (const scache::Statistic& statistic : *statistics) {
      if (visit(context, bytes(statistic.name), statistic.value) != 0) break;
    }
    return 0;
  });
}

int scache_ping(scache_client* client, int timeout, char* server, size_t size,
                scache_error* error) {
  return guarded(error, [&] {
    const auto name = client->client.ping(time_of(timeout));
    if (!name) return set_error(error, name.error());
    if (size > 0) server[name->copy(server, size - 1)] = '\0';
    return 0;
  });
}
