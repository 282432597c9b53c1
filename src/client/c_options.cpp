// SPDX-License-Identifier: Apache-2.0
#include <sys/un.h>

#include <cstring>
#include <new>

#include "client/c_objects.hpp"
#include "client/stream_pool.hpp"

namespace {

using scache::client::set_guarded;
using scache::client::view;
using std::chrono::milliseconds;

template <typename Object>
Object* make() noexcept {
  return new (std::nothrow) Object{};
}

template <typename Options>
int set_timeout(Options* options, int timeout) noexcept {
  if (options == nullptr) return SCACHE_E_SYSTEM;
  if (timeout < 0) return SCACHE_E_INVALID_ARGUMENT;
  options->timeout = milliseconds{timeout};
  return 0;
}

int set_ttl(scache::Ttl& ttl, std::int64_t value) noexcept {
  if (value <= 0) return SCACHE_E_INVALID_ARGUMENT;
  ttl = milliseconds{value};
  return 0;
}

}  // namespace

scache_client_options* scache_client_options_new() {
  return make<scache_client_options>();
}

void scache_client_options_free(scache_client_options* options) {
  delete options;
}

int scache_client_options_set_socket_path(scache_client_options* options, const char* path) {
  if (options == nullptr) return SCACHE_E_SYSTEM;
  constexpr std::size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;
  const std::size_t size = path != nullptr ? std::strlen(path) : 1;
  if (size < 1 || size > kMaxPath) return SCACHE_E_INVALID_ARGUMENT;
  return set_guarded([&] {
    if (path != nullptr) {
      options->socket_path = path;
    } else {
      options->socket_path.reset();
    }
  });
}

int scache_client_options_set_timeout_ms(scache_client_options* options, int timeout) {
  return set_timeout(options != nullptr ? &options->options : nullptr, timeout);
}

int scache_client_options_set_protocol(scache_client_options* options, int protocol) {
  using scache::Protocol;
  static_assert(SCACHE_PROTOCOL_ANY == static_cast<int>(Protocol::any));
  static_assert(SCACHE_PROTOCOL_DIRECT == static_cast<int>(Protocol::direct));
  static_assert(SCACHE_PROTOCOL_POSTFIX == static_cast<int>(Protocol::postfix));
  if (options == nullptr) return SCACHE_E_SYSTEM;
  if (protocol < SCACHE_PROTOCOL_ANY || protocol > SCACHE_PROTOCOL_POSTFIX) {
    return SCACHE_E_INVALID_ARGUMENT;
  }
  options->options.protocol = static_cast<Protocol>(protocol);
  return 0;
}

int scache_client_options_set_idle_streams(scache_client_options* options, size_t streams) {
  if (options == nullptr) return SCACHE_E_SYSTEM;
  if (streams > scache::client::StreamPool::kMaxIdle) return SCACHE_E_INVALID_ARGUMENT;
  options->options.idle_streams = streams;
  return 0;
}

scache_call_options* scache_call_options_new() {
  return make<scache_call_options>();
}

void scache_call_options_free(scache_call_options* options) {
  delete options;
}

int scache_call_options_set_timeout_ms(scache_call_options* options, int timeout) {
  return set_timeout(options, timeout);
}

scache_binding* scache_binding_new(scache_bytes destination) {
  scache_binding* const binding = make<scache_binding>();
  if (binding == nullptr) return nullptr;
  if (set_guarded([&] { binding->binding.destination = view(destination); }) == 0) return binding;
  delete binding;
  return nullptr;
}

void scache_binding_free(scache_binding* binding) {
  delete binding;
}

int scache_binding_set_properties(scache_binding* binding, scache_bytes properties) {
  if (binding == nullptr) return SCACHE_E_SYSTEM;
  return set_guarded([&] { binding->binding.properties = view(properties); });
}

int scache_binding_set_ttl_ms(scache_binding* binding, int64_t ttl) {
  if (binding == nullptr) return SCACHE_E_SYSTEM;
  return set_ttl(binding->binding.ttl, ttl);
}

scache_save_options* scache_save_options_new() {
  return make<scache_save_options>();
}

void scache_save_options_free(scache_save_options* options) {
  delete options;
}

int scache_save_options_set_timeout_ms(scache_save_options* options, int timeout) {
  return set_timeout(options, timeout);
}

int scache_save_options_set_ttl_ms(scache_save_options* options, int64_t ttl) {
  if (options == nullptr) return SCACHE_E_SYSTEM;
  return set_ttl(options->options.ttl, ttl);
}

int scache_save_options_set_allow_input(scache_save_options* options, int allow) {
  if (options == nullptr) return SCACHE_E_SYSTEM;
  options->options.allow_input = allow != 0;
  return 0;
}

int scache_save_options_add_binding(scache_save_options* options, const scache_binding* binding) {
  if (options == nullptr || binding == nullptr) return SCACHE_E_SYSTEM;
  return set_guarded([&] { options->options.bindings.push_back(binding->binding); });
}

scache_list_options* scache_list_options_new() {
  return make<scache_list_options>();
}

void scache_list_options_free(scache_list_options* options) {
  delete options;
}

int scache_list_options_set_timeout_ms(scache_list_options* options, int timeout) {
  return set_timeout(options, timeout);
}

int scache_list_options_set_kinds(scache_list_options* options, int kinds) {
  constexpr int kAll = SCACHE_CONNECTIONS | SCACHE_BINDINGS;
  if (options == nullptr) return SCACHE_E_SYSTEM;
  if (kinds < 1 || kinds > kAll) return SCACHE_E_INVALID_ARGUMENT;
  options->options.connections = (kinds & SCACHE_CONNECTIONS) != 0;
  options->options.bindings = (kinds & SCACHE_BINDINGS) != 0;
  return 0;
}

int scache_list_options_set_prefix(scache_list_options* options, scache_bytes prefix) {
  if (options == nullptr) return SCACHE_E_SYSTEM;
  return set_guarded([&] { options->options.prefix = view(prefix); });
}
