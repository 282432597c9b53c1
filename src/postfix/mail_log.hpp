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

// Where the mail log goes and under which name.
struct MailLogTarget {
  // syslog_name: the first half of the tag `syslog_name/process_name`.
  std::string syslog_name = "postfix";
  // syslog_facility, see main_cf::facility_by_name().
  int facility = LOG_MAIL;
  // The socket of Postfix's own logger; empty means syslog.
  std::string postlog_service;
  // The machine's name for Postfix's own logger; its first label is shown.
  std::string hostname;
  // smtputf8_enable: UTF-8 is shown as it is.
  bool utf8 = false;
  // The socket of syslog.
  std::string syslog_socket = "/dev/log";

  // What holds until main.cf is read.
  static MailLogTarget from(const Environment& environment);
};

// MailLog writes where the Postfix instance logs, in Postfix's format: to syslog or to Postfix's
// own logger, on request to standard error too.
class MailLog final : public Log {
 public:
  // Says what time it is; a signal handler may call it.
  using Clock = std::time_t (*)() noexcept;

  // Connects to the logger. `process_name` is the second half of the tag.
  MailLog(std::string process_name, MailLogTarget target, Clock clock = &system_time);
  ~MailLog() override { flush(); }

  // Goes on at another place, under another name.
  void reopen(MailLogTarget target);

  // Copies every line to standard error, under `tag` instead of the log's own where it is given.
  void copy_to_stderr(std::string tag = {}, int descriptor = 2);

  void write(Severity severity, std::string_view text) noexcept override;
  void flush() noexcept override;

  // The same for a signal handler that ends the process: no lock, no memory from the heap. It
  // reckons with the time zone's offset as it was when the last line was written.
  void write_in_signal(Severity severity, std::string_view text) noexcept;

  static std::time_t system_time() noexcept { return std::time(nullptr); }

 private:
  LogLine record(Severity severity, std::string_view text, std::time_t now) const noexcept;
  LogLine copy(Severity severity, std::string_view text) const noexcept;
  std::time_t tell_time() noexcept;

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
