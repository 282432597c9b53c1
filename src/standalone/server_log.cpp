// SPDX-License-Identifier: Apache-2.0
#include "standalone/server_log.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

#include "base/log_socket.hpp"
#include "base/log_stream.hpp"

// The formats, for process 7:
//
//   standard error    scached: warning: text
//   the journal       <4>warning: text
//   syslog            <28>Nov  1 09:05:03 scached[7]: warning: text

namespace scache::standalone {
namespace {

constexpr std::string_view kName = "scached";
constexpr std::array<int, 5> kPriority{LOG_INFO, LOG_WARNING, LOG_ERR, LOG_CRIT, LOG_CRIT};
constexpr std::array<LogLevel, 5> kLevel{LogLevel::info, LogLevel::warning, LogLevel::error,
                                         LogLevel::error, LogLevel::error};

}  // namespace

ServerLog::ServerLog(Outlets outlets)
    : outlets_{std::move(outlets)},
      stderr_{std::make_unique<LogStream>(outlets_.standard_error), "\n"} {}

void ServerLog::set(LogTarget target, LogLevel level) {
  if (target == LogTarget::syslog && target_ != target) {
    syslog_.emplace(std::make_unique<LogSocket>(outlets_.syslog_socket));
  }
  target_ = target;
  level_ = level;
  set_verbose(level == LogLevel::debug);
}

void ServerLog::write(Severity severity, std::string_view text) noexcept {
  if (kLevel[static_cast<std::size_t>(severity)] > level_) return;
  const int saved_errno = errno;
  if (target_ != LogTarget::syslog || !put_syslog(severity, text)) put_stderr(severity, text);
  errno = saved_errno;
}

void ServerLog::flush() noexcept {
  const LogWriter::Deadline deadline = LogWriter::farewell();
  if (syslog_) syslog_->flush(deadline);
  stderr_.flush(deadline);
}

bool ServerLog::put_syslog(Severity severity, std::string_view text) noexcept {
  LogLine line = begin_syslog(severity);
  LogLine note = begin_syslog(Severity::warning);
  line.append_text(severity, text, LogText::utf8);
  note.append_text(Severity::warning, kLinesLost, LogText::ascii);
  return syslog_->write(line.view(), note.view());
}

void ServerLog::put_stderr(Severity severity, std::string_view text) noexcept {
  LogLine line = begin_stderr(severity);
  LogLine note = begin_stderr(Severity::warning);
  line.append_text(severity, text, LogText::utf8).append("\n");
  note.append_text(Severity::warning, kLinesLost, LogText::ascii);
  stderr_.write(line.view(), note.view());
}

LogLine ServerLog::begin_syslog(Severity severity) const noexcept {
  const std::time_t now = outlets_.clock();
  std::tm local{};
  const long offset = ::localtime_r(&now, &local) != nullptr ? local.tm_gmtoff : 0;
  LogLine line;
  line.append("<").append(LOG_DAEMON | kPriority[static_cast<std::size_t>(severity)]).append(">");
  line.append_time(now, offset, ' ').append(kName).append("[").append(::getpid()).append("]: ");
  return line;
}

LogLine ServerLog::begin_stderr(Severity severity) const noexcept {
  LogLine line;
  if (outlets_.journal) {
    line.append("<").append(kPriority[static_cast<std::size_t>(severity)]).append(">");
  } else {
    line.append(kName).append(": ");
  }
  return line;
}

bool leads_to_journal(int descriptor, const char* journal_stream) noexcept {
  struct stat status{};
  if (journal_stream == nullptr || ::fstat(descriptor, &status) != 0) return false;
  std::array<char, 48> expected{};
  const auto end = fmt::format_to_n(expected.data(), expected.size(), "{}:{}",
                                    std::uint64_t{status.st_dev}, std::uint64_t{status.st_ino});
  return std::string_view{expected.data(), end.size} == journal_stream;
}

}  // namespace scache::standalone
