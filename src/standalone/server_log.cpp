#include "standalone/server_log.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/log_line.hpp"

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
    : outlets_{std::move(outlets)}, stream_{outlets_.standard_error} {}

void ServerLog::set(LogTarget target, LogLevel level) {
  if (target == LogTarget::syslog && target_ != target) syslog_ = LogSocket{outlets_.syslog_socket};
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

bool ServerLog::put_syslog(Severity severity, std::string_view text) noexcept {
  const std::time_t now = outlets_.clock();
  std::tm local{};
  const long offset = ::localtime_r(&now, &local) != nullptr ? local.tm_gmtoff : 0;
  LogLine line;
  line.append("<").append(LOG_DAEMON | kPriority[static_cast<std::size_t>(severity)]).append(">");
  line.append_time(now, offset, ' ').append(kName).append("[").append(::getpid()).append("]: ");
  line.append_text(severity, text, true);
  return syslog_.send(line.view());
}

void ServerLog::put_stderr(Severity severity, std::string_view text) noexcept {
  LogLine line;
  if (outlets_.journal) {
    line.append("<").append(kPriority[static_cast<std::size_t>(severity)]).append(">");
  } else {
    line.append(kName).append(": ");
  }
  line.append_text(severity, text, true).append("\n");
  stream_.write(line.view());
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
