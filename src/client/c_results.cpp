// SPDX-License-Identifier: Apache-2.0
#include "client/c_objects.hpp"

using scache::client::bytes;
using scache::client::set_guarded;
using scache::client::view;

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

int64_t scache_connection_age_ms(const scache_connection* connection) {
  return connection->connection.age.count();
}

int64_t scache_connection_idle_ms(const scache_connection* connection) {
  return connection->connection.idle.count();
}

size_t scache_connection_saved_bindings(const scache_connection* connection) {
  return connection->saved_bindings;
}

int scache_connection_set_endpoint(scache_connection* connection, scache_bytes endpoint) {
  if (connection == nullptr) return SCACHE_E_SYSTEM;
  return set_guarded([&] { connection->connection.endpoint = view(endpoint); });
}

int scache_connection_set_properties(scache_connection* connection, scache_bytes properties) {
  if (connection == nullptr) return SCACHE_E_SYSTEM;
  return set_guarded([&] { connection->connection.endpoint_properties = view(properties); });
}

int scache_entry_kind(const scache_entry* entry) {
  const bool connection = entry->entry.kind == scache::Entry::Kind::connection;
  return connection ? SCACHE_CONNECTIONS : SCACHE_BINDINGS;
}

scache_bytes scache_entry_endpoint(const scache_entry* entry) {
  return bytes(entry->entry.endpoint);
}

scache_bytes scache_entry_destination(const scache_entry* entry) {
  return bytes(entry->entry.destination);
}

scache_bytes scache_entry_properties(const scache_entry* entry) {
  return bytes(entry->entry.properties);
}

int64_t scache_entry_ttl_ms(const scache_entry* entry) {
  return entry->entry.ttl.count();
}

uint64_t scache_entry_id(const scache_entry* entry) {
  return entry->entry.id;
}

uint64_t scache_entry_uses(const scache_entry* entry) {
  return entry->entry.uses;
}

int64_t scache_entry_age_ms(const scache_entry* entry) {
  return entry->entry.age.count();
}

int64_t scache_entry_idle_ms(const scache_entry* entry) {
  return entry->entry.idle.count();
}

uint64_t scache_entry_owner(const scache_entry* entry) {
  return entry->entry.owner;
}

scache_bytes scache_statistic_name(const scache_statistic* statistic) {
  return bytes(statistic->statistic.name);
}

uint64_t scache_statistic_value(const scache_statistic* statistic) {
  return statistic->statistic.value;
}
