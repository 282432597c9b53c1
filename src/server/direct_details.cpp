// SPDX-License-Identifier: Apache-2.0
#include "server/direct_details.hpp"

#include <string_view>
#include <variant>

namespace scache::server {
namespace {

std::string_view word(direct::Drop::What what) noexcept {
  switch (what) {
    case direct::Drop::What::endpoint:
      return "endpoint";
    case direct::Drop::What::destination:
      return "destination";
    case direct::Drop::What::prefix:
      break;
  }
  return "prefix";
}

}  // namespace

void log_details(Log& log, const direct::Request& request) noexcept {
  if (const auto* drop = std::get_if<direct::Drop>(&request)) {
    log.detail("drop {}={}", word(drop->what), drop->name);
  } else if (const auto* list = std::get_if<direct::List>(&request)) {
    log.detail("list prefix={} what={}{}", list->prefix, list->what,
               list->cursor.empty() ? "" : " (next page)");
  } else if (const auto* cancel = std::get_if<direct::Cancel>(&request)) {
    log.detail("cancel request={}", cancel->target);
  } else if (std::holds_alternative<direct::Statistics>(request)) {
    log.detail("statistics");
  } else if (std::holds_alternative<direct::Ping>(request)) {
    log.detail("ping");
  }
}

}  // namespace scache::server
