// SPDX-License-Identifier: Apache-2.0
#include "server/change_log.hpp"

#include <string_view>

namespace scache::server {
namespace {

std::string_view word(Departure why) noexcept {
  switch (why) {
    case Departure::found:
      return "found";
    case Departure::expired:
      return "expired";
    case Departure::evicted:
      return "evicted";
    case Departure::dropped:
      return "dropped";
    case Departure::dead:
      break;
  }
  return "dead";
}

}  // namespace

void ChangeLog::connection_saved(const ConnectionRecord& connection) noexcept {
  log_.detail("connection saved: endpoint={} properties={} fd={}", connection.endpoint,
              connection.properties, connection.descriptor);
}

void ChangeLog::connection_left(const ConnectionRecord& connection, Departure why) noexcept {
  log_.detail("connection {}: endpoint={} properties={} fd={}", word(why), connection.endpoint,
              connection.properties, connection.descriptor);
}

void ChangeLog::binding_saved(const BindingRecord& binding) noexcept {
  log(binding, "saved");
}

void ChangeLog::binding_renewed(const BindingRecord& binding) noexcept {
  log(binding, "renewed");
}

void ChangeLog::binding_left(const BindingRecord& binding, Departure why) noexcept {
  log(binding, word(why));
}

void ChangeLog::log(const BindingRecord& binding, std::string_view what) noexcept {
  log_.detail("binding {}: destination={} properties={} endpoint={}", what, binding.destination,
              binding.properties, binding.endpoint);
}

}  // namespace scache::server
