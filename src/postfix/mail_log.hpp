// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <syslog.h>

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/log_line.hpp"
#include "base/log_writer.hpp"
#include "postfix/environment.hpp"

namespace scache::postfix {

// The destination of the mail log, and the names in it.
struct MailLogTarget {
  // syslog_name: the first half of the tag `syslog_name/process_name`.
  std::string syslog_name = "postfix";
  // syslog_facility, see main_cf::facility_by_name().
  int facility = LOG_MAIL;
  // The socket of Postfix's own logger; empty means syslog.
  std::string postlog_service;
  // The host name for Postfix's own logger, which shows its first label.
  std::string hostname;
  // smtputf8_enable: UTF-8 is logged unchanged.
  bool utf8 = false;
  // The socket of syslog.
  std::string syslog_socket = "/dev/log";

  // The target until main.cf is read.
  static MailLogTarget from(const Environment& environment);
};

// MailLog writes to the log of the Postfix instance, in Postfix's format: to syslog or to Postfix's
// own logger, and optionally to standard error.
class MailLog final : public Log {
 public:
  // Returns the time; must be safe in a signal handler.
  using Clock = std::time_t (*)() noexcept;

  // Connects to the logger. `process_name` is the second half of the tag.
  MailLog(std::string process_name, MailLogTarget target, Clock clock = &system_time);
  ~MailLog() override { flush(); }

  // Changes the destination and the names.
  void reopen(MailLogTarget target);

  // Copies every line to standard error, with `tag`, or with the tag of the log if that is empty.
  void copy_to_stderr(std::string tag = {}, int descriptor = 2);

  void write(Severity severity, std::string_view text) noexcept override;
  void flush() noexcept override;

  // The same for a signal handler that ends the process: takes no lock and allocates no memory.
  // Uses the UTC offset of the last line.
  void write_in_signal(Severity severity, std::string_view text) noexcept;

  static std::time_t system_time() noexcept { return std::time(nullptr); }

 private:
  LogLine record(Severity severity, std::string_view text, std::time_t now) const noexcept;
  LogLine copy(Severity severity, std::string_view text) const noexcept;
  std::time_t current_time() noexcept;

  std::string process_name_;
  MailLogTarget target_;
  std::string tag_;
  Clock clock_;
  std::optional<LogWriter> logger_;
  long utc_offset_ = 0;
  std::optional<LogWriter> stderr_;
  std::string stderr_tag_;
};

}  // namespace scache::postfix
