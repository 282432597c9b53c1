// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <utility>

#include "client/c_objects.hpp"

namespace {

using scache::Error;
using scache::ErrorCode;
using scache::client::view;

static_assert(SCACHE_E_SYSTEM == static_cast<int>(ErrorCode::system));
static_assert(SCACHE_E_NO_DESCRIPTORS == static_cast<int>(ErrorCode::no_descriptors));
static_assert(SCACHE_E_MALFORMED == static_cast<int>(ErrorCode::malformed));
static_assert(SCACHE_E_CANCELLED == static_cast<int>(ErrorCode::cancelled));
static_assert(SCACHE_E_DENIED == static_cast<int>(ErrorCode::denied));
// Programs allocate it.
static_assert(sizeof(scache_error) == 256);

int set_error(scache_error* error, ErrorCode code, std::string_view text) noexcept {
  if (error != nullptr) {
    *error = {};
    error->code = static_cast<int>(code);
    text.copy(error->text, sizeof error->text - 1);
  }
  return static_cast<int>(code);
}

int set_error(scache_error* error, const Error& what) noexcept {
  return set_error(error, what.code, what.text);
}

int out_of_memory(scache_error* error) noexcept {
  return set_error(error, ErrorCode::system, "Out of memory.");
}

// Calls `run`, which returns an error code. std::bad_alloc becomes ErrorCode::system.
template <typename Run>
int guarded(scache_error* error, Run run) noexcept {
  try {
    return run();
  } catch (...) {
    return out_of_memory(error);
  }
}

scache::Client::Timeout timeout_of(const scache_call_options* options) noexcept {
  return options != nullptr ? options->timeout : std::nullopt;
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
int drop(std::uint64_t* connections, std::uint64_t* bindings, scache_error* error,
         Drop drop_it) noexcept {
  return guarded(error, [&] {
    const auto result = drop_it();
    if (!result) return set_error(error, result.error());
    if (connections != nullptr) *connections = result->connections;
    if (bindings != nullptr) *bindings = result->bindings;
    return 0;
  });
}

int save(scache_client* client, scache_connection* connection, const scache::SaveOptions& options,
         const scache::Client::Timeout& timeout, scache_error* error) {
  const auto saved = client->client.save(connection->connection, options, timeout);
  if (!saved) return set_error(error, saved.error());
  connection->connection.id = saved->id;
  connection->saved_bindings = saved->bindings;
  return 0;
}

}  // namespace

int scache_client_new(const scache_client_options* options, scache_client** client,
                      scache_error* error) {
  return guarded(error, [&] {
    const scache_client_options chosen = options != nullptr ? *options : scache_client_options{};
    *client = new scache_client{scache::Client{
        chosen.socket_path ? *chosen.socket_path : scache::default_socket_path(), chosen.options}};
    return 0;
  });
}

void scache_client_free(scache_client* client) {
  delete client;
}

int scache_connection_new(int descriptor, scache_bytes endpoint, scache_connection** connection,
                          scache_error* error) {
  return guarded(error, [&] {
    auto made = std::make_unique<scache_connection>();
    made->connection.endpoint = view(endpoint);
    made->connection.descriptor.reset(descriptor);
    *connection = made.release();
    return 0;
  });
}

int scache_find_endpoint(scache_client* client, scache_bytes endpoint,
                         const scache_call_options* options, scache_connection** found,
                         scache_error* error) {
  return find(found, error,
              [&] { return client->client.find_endpoint(view(endpoint), timeout_of(options)); });
}

int scache_find_destination(scache_client* client, scache_bytes destination,
                            const scache_call_options* options, scache_connection** found,
                            scache_error* error) {
  return find(found, error, [&] {
    return client->client.find_destination(view(destination), timeout_of(options));
  });
}

int scache_save(scache_client* client, scache_connection* connection,
                const scache_save_options* options, scache_error* error) {
  return guarded(error, [&] {
    return options != nullptr ? save(client, connection, options->options, options->timeout, error)
                              : save(client, connection, {}, {}, error);
  });
}

int scache_save_ttl_ms(scache_client* client, scache_connection* connection, int64_t ttl,
                       scache_error* error) {
  return guarded(error, [&] {
    return save(client, connection, {.ttl = std::chrono::milliseconds{ttl}}, {}, error);
  });
}

int scache_bind(scache_client* client, const scache_binding* binding, scache_bytes endpoint,
                const scache_call_options* options, scache_error* error) {
  if (binding == nullptr) return out_of_memory(error);
  return guarded(error, [&] {
    const auto result = client->client.bind(binding->binding, view(endpoint), timeout_of(options));
    return result ? 0 : set_error(error, result.error());
  });
}

int scache_drop_endpoint(scache_client* client, scache_bytes endpoint,
                         const scache_call_options* options, uint64_t* connections,
                         scache_error* error) {
  return drop(connections, nullptr, error,
              [&] { return client->client.drop_endpoint(view(endpoint), timeout_of(options)); });
}

int scache_drop_destination(scache_client* client, scache_bytes destination,
                            const scache_call_options* options, uint64_t* bindings,
                            scache_error* error) {
  return drop(nullptr, bindings, error, [&] {
    return client->client.drop_destination(view(destination), timeout_of(options));
  });
}

int scache_drop_prefix(scache_client* client, scache_bytes prefix,
                       const scache_call_options* options, uint64_t* connections,
                       uint64_t* bindings, scache_error* error) {
  return drop(connections, bindings, error,
              [&] { return client->client.drop_prefix(view(prefix), timeout_of(options)); });
}

int scache_list(scache_client* client, const scache_list_options* options,
                scache_visit_entry* visit, void* context, scache_error* error) {
  return guarded(error, [&] {
    const auto entries = options != nullptr
                             ? client->client.list(options->options, options->timeout)
                             : client->client.list();
    if (!entries) return set_error(error, entries.error());
    for (const scache::Entry& each : *entries) {
      const scache_entry entry{each};
      if (visit(context, &entry) != 0) break;
    }
    return 0;
  });
}

int scache_statistics(scache_client* client, const scache_call_options* options,
                      scache_visit_statistic* visit, void* context, scache_error* error) {
  return guarded(error, [&] {
    const auto statistics = client->client.statistics(timeout_of(options));
    if (!statistics) return set_error(error, statistics.error());
    for (const scache::Statistic& each : *statistics) {
      const scache_statistic statistic{each};
      if (visit(context, &statistic) != 0) break;
    }
    return 0;
  });
}

int scache_ping(scache_client* client, const scache_call_options* options, char* server,
                size_t size, scache_error* error) {
  return guarded(error, [&] {
    const auto name = client->client.ping(timeout_of(options));
    if (!name) return set_error(error, name.error());
    if (size > 0) server[name->copy(server, size - 1)] = '\0';
    return 0;
  });
}
