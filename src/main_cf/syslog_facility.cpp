// SPDX-License-Identifier: Apache-2.0
#include "main_cf/syslog_facility.hpp"

#include <syslog.h>

#include <array>

namespace scache::main_cf {
namespace {

struct Facility {
  std::string_view name;
  int number;
};

constexpr std::array<Facility, 20> kFacilities = {{
    {"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV}, {"cron", LOG_CRON},
    {"daemon", LOG_DAEMON}, {"ftp", LOG_FTP},           {"kern", LOG_MAIL},
    {"lpr", LOG_LPR},       {"mail", LOG_MAIL},         {"news", LOG_NEWS},
    {"syslog", LOG_SYSLOG}, {"user", LOG_USER},         {"uucp", LOG_UUCP},
    {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},     {"local2", LOG_LOCAL2},
    {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},     {"local5", LOG_LOCAL5},
    {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
}};

}  // namespace

std::optional<int> facility_by_name(std::string_view name) noexcept {
  for (const Facility& facility : kFacilities)
    if (facility.name == name) return facility.number;
  return std::nullopt;
}

}  // namespace scache::main_cf
