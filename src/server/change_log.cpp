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
    case Departure::evicted_for_endpoint:
      return "evicted for its endpoint";
    case Departure::evicted_for_destination:
      return "evicted for its destination";
    case Departure::evicted_for_user:
      return "evicted for its user";
    case Departure::evicted_for_share:
      return "evicted for a share";
    case Departure::dropped:
    case Departure::withdrawn:
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
  if (is_eviction(why)) {
    log_.detail("connection {}: endpoint={} properties={} fd={} user={}", word(why),
                connection.endpoint, connection.properties, connection.descriptor,
                connection.provenance.owner);
    return;
  }
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
  if (is_eviction(why)) {
    log_.detail("binding {}: destination={} properties={} endpoint={} user={}", word(why),
                binding.destination, binding.properties, binding.endpoint, binding.owner);
    return;
  }
  log(binding, word(why));
}

void ChangeLog::log(const BindingRecord& binding, std::string_view what) noexcept {
  log_.detail("binding {}: destination={} properties={} endpoint={}", what, binding.destination,
              binding.properties, binding.endpoint);
}

}  // namespace scache::server
