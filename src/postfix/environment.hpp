#pragma once

#include <optional>
#include <string>

namespace scache::postfix {

// Environment is what master(8) tells its children before main.cf is read.
struct Environment {
  // GENERATION, as it stands there: see parse_generation().
  std::optional<std::string> generation;
  // MAIL_CONFIG: the directory of main.cf; empty when not given.
  std::string config_directory;
  // MAIL_LOGTAG: the syslog_name of the Postfix instance; empty when not given.
  std::string log_tag;
  // POSTLOG_SERVICE and POSTLOG_HOSTNAME: given where mail is logged to a file.
  std::string postlog_service;
  std::string postlog_hostname;
  // MAIL_VERBOSE and MAIL_DEBUG: their presence is what counts, as with -v and -D.
  bool verbose = false;
  bool debugger = false;

  // Reads the variables of this process.
  static Environment read();
};

}  // namespace scache::postfix
