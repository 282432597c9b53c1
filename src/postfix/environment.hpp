// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace scache::postfix {

// Environment holds the environment variables that master(8) sets for its children.
struct Environment {
  // GENERATION, unparsed: see parse_generation().
  std::optional<std::string> generation;
  // MAIL_CONFIG: the directory of main.cf; empty if it is not set.
  std::string config_directory;
  // MAIL_LOGTAG: the syslog_name of the Postfix instance; empty if it is not set.
  std::string log_tag;
  // POSTLOG_SERVICE and POSTLOG_HOSTNAME: set if the mail log is a file.
  std::string postlog_service;
  std::string postlog_hostname;
  // MAIL_VERBOSE and MAIL_DEBUG: equivalent to -v and -D, whatever their value is.
  bool verbose = false;
  bool debugger = false;

  // Reads the variables of this process.
  static Environment read();
};

}  // namespace scache::postfix
