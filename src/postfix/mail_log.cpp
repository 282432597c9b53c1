// SPDX-License-Identifier: Apache-2.0
#include "postfix/mail_log.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/log_socket.hpp"
#include "base/log_stream.hpp"

// The formats, for process 7 with syslog_name "postfix":
//
//   syslog            <20>Nov  1 09:05:03 postfix/scache[7]: warning: text
//   Postfix's logger  Nov 01 09:05:03 mx1 postfix/scache[7]: warning: text
//   standard error    postfix/scache: warning: text
//
// Each line is one datagram, without a newline or a NUL at its end. The syslog format is that of
// the C library, whose syslog(3) is not used because it blocks if the daemon does not read.

namespace scache::postfix {
namespace {

constexpr std::array<int, 5> kPriority = {LOG_INFO, LOG_WARNING, LOG_ERR, LOG_CRIT, LOG_CRIT};

}  // namespace

MailLogTarget MailLogTarget::from(const Environment& environment) {
  MailLogTarget target;
  if (!environment.log_tag.empty()) target.syslog_name = environment.log_tag;
  target.postlog_service = environment.postlog_service;
  target.hostname = environment.postlog_hostname;
  return target;
}

MailLog::MailLog(std::string process_name, MailLogTarget target, Clock clock)
    : process_name_{std::move(process_name)}, clock_{clock} {
  // Reads the time zone file, which does not exist in a chroot.
  ::tzset();
  current_time();
  reopen(std::move(target));
}

void MailLog::reopen(MailLogTarget target) {
  target_ = std::move(target);
  if (target_.hostname.empty()) target_.hostname = "amnesiac";
  target_.hostname = target_.hostname.substr(0, target_.hostname.find('.')).substr(0, kMaxLogName);
  tag_ = target_.syslog_name + "/" + process_name_;
  if (tag_.size() > kMaxLogName) tag_.resize(kMaxLogName);
  logger_.emplace(std::make_unique<LogSocket>(
      target_.postlog_service.empty() ? target_.syslog_socket : target_.postlog_service));
}

void MailLog::copy_to_stderr(std::string tag, int descriptor) {
  stderr_tag_ = std::move(tag);
  stderr_.emplace(std::make_unique<LogStream>(descriptor), "\n");
}

void MailLog::write(Severity severity, std::string_view text) noexcept {
  const int saved_errno = errno;
  const std::time_t now = current_time();
  if (stderr_) {
    LogLine line = copy(severity, text);
    stderr_->write(line.append("\n").view(), copy(Severity::warning, kLinesLost).view());
  }
  const LogLine line = record(severity, text, now);
  logger_->write(line.view(), record(Severity::warning, kLinesLost, now).view());
  errno = saved_errno;
}

void MailLog::write_in_signal(Severity severity, std::string_view text) noexcept {
  if (stderr_) stderr_->write_in_signal(copy(severity, text).append("\n").view());
  logger_->write_in_signal(record(severity, text, clock_()).view());
}

void MailLog::flush() noexcept {
  const LogWriter::Deadline deadline = LogWriter::farewell();
  logger_->flush(deadline);
  if (stderr_) stderr_->flush(deadline);
}

std::time_t MailLog::current_time() noexcept {
  const std::time_t now = clock_();
  std::tm local{};
  if (::localtime_r(&now, &local) != nullptr) utc_offset_ = local.tm_gmtoff;
  return now;
}

LogLine MailLog::record(Severity severity, std::string_view text, std::time_t now) const noexcept {
  LogLine line;
  if (target_.postlog_service.empty()) {
    const int priority = target_.facility | kPriority[static_cast<std::size_t>(severity)];
    line.append("<").append(priority).append(">").append_time(now, utc_offset_, ' ');
  } else {
    line.append_time(now, utc_offset_, '0').append(target_.hostname).append(" ");
  }
  line.append(tag_).append("[").append(::getpid()).append("]: ");
  return line.append_text(severity, text, target_.utf8 ? LogText::postfix_utf8 : LogText::ascii);
}

LogLine MailLog::copy(Severity severity, std::string_view text) const noexcept {
  LogLine line;
  line.append(stderr_tag_.empty() ? tag_ : stderr_tag_).append(": ");
  return line.append_text(severity, text, target_.utf8 ? LogText::postfix_utf8 : LogText::ascii);
}

}  // namespace scache::postfix
