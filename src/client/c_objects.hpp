// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <scache/client.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <scache/client.hpp>
#include <string>
#include <string_view>

// The objects behind the opaque pointers of scache/client.h, and what the functions of C share.
// Each function converts the arguments and results of a C++ one, and catches exceptions.

struct scache_client_options {
  std::optional<std::string> socket_path;
  scache::ClientOptions options;
};

struct scache_client {
  scache::Client client;
};

struct scache_call_options {
  scache::Client::Timeout timeout;
};

struct scache_connection {
  scache::Connection connection;
  std::size_t saved_bindings = 0;
};

struct scache_binding {
  scache::Binding binding;
};

struct scache_save_options {
  scache::SaveOptions options;
  scache::Client::Timeout timeout;
};

struct scache_list_options {
  scache::ListOptions options;
  scache::Client::Timeout timeout;
};

struct scache_entry {
  const scache::Entry& entry;
};

struct scache_statistic {
  const scache::Statistic& statistic;
};

namespace scache::client {

inline std::string_view view(scache_bytes bytes) noexcept {
  return {bytes.data, bytes.size};
}

inline scache_bytes bytes(const std::string& text) noexcept {
  return {text.data(), text.size()};
}

// Calls `set`, which may allocate memory.
template <typename Set>
int set_guarded(Set set) noexcept {
  try {
    set();
    return 0;
  } catch (...) {
    return SCACHE_E_SYSTEM;
  }
}

}  // namespace scache::client
