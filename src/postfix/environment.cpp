// SPDX-License-Identifier: Apache-2.0
#include "postfix/environment.hpp"

#include <cstdlib>

namespace scache::postfix {
namespace {

std::string text_of(const char* name) {
  const char* value = ::secure_getenv(name);
  return value == nullptr ? std::string{} : std::string{value};
}

}  // namespace

Environment Environment::read() {
  Environment environment;
  if (const char* value = std::getenv("GENERATION")) environment.generation = value;
  environment.config_directory = text_of("MAIL_CONFIG");
  environment.log_tag = text_of("MAIL_LOGTAG");
  environment.postlog_service = text_of("POSTLOG_SERVICE");
  environment.postlog_hostname = text_of("POSTLOG_HOSTNAME");
  environment.verbose = std::getenv("MAIL_VERBOSE") != nullptr;
  environment.debugger = std::getenv("MAIL_DEBUG") != nullptr;
  return environment;
}

}  // namespace scache::postfix
