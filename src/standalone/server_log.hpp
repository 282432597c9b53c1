// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>

#include "base/log.hpp"
#include "base/log_line.hpp"
#include "base/log_writer.hpp"

namespace scache::standalone {

enum class LogTarget : std::uint8_t { standard_error, syslog };
// Lines of this level and of more severe levels are logged. `debug` includes each request.
enum class LogLevel : std::uint8_t { error, warning, info, debug };

// ServerLog writes the log of scached to standard error or to syslog. If standard error is
// connected to the journal, each line begins with its priority. Lines that syslog does not accept
// go to standard error.
class ServerLog final : public Log {
 public:
  using Clock = std::time_t (*)() noexcept;

  struct Outlets {
    int standard_error = 2;
    // Whether standard error is connected to the journal.
    bool journal = false;
    std::string syslog_socket = "/dev/log";
    Clock clock = &system_time;
  };

  explicit ServerLog(Outlets outlets);
  ~ServerLog() override { flush(); }

  void set(LogTarget target, LogLevel level);

  void write(Severity severity, std::string_view text) noexcept override;
  void flush() noexcept override;

 private:
  static std::time_t system_time() noexcept { return std::time(nullptr); }
  bool put_syslog(Severity severity, std::string_view text) noexcept;
  void put_stderr(Severity severity, std::string_view text) noexcept;
  LogLine begin_syslog(Severity severity) const noexcept;
  LogLine begin_stderr(Severity severity) const noexcept;

  Outlets outlets_;
  LogTarget target_ = LogTarget::standard_error;
  LogLevel level_ = LogLevel::info;
  LogWriter stderr_;
  std::optional<LogWriter> syslog_;
};

// Whether a descriptor is connected to the journal, whose socket JOURNAL_STREAM identifies as
// "DEVICE:INODE". A null pointer is an unset variable.
bool leads_to_journal(int descriptor, const char* journal_stream) noexcept;

}  // namespace scache::standalone
