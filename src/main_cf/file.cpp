// SPDX-License-Identifier: Apache-2.0
// main.cf, from lines to settings.
//
// A logical line is a line that does not start with white space, and all lines after it that do,
// joined without their newlines. Lines that are empty, consist of white space, or have `#` as their
// first visible character are ignored, also between a line and its continuation. The last line
// needs no newline. White space before the first logical line causes a warning, and the line is
// ignored.
//
//   logical line  = name space* "=" space* value space*
//   name          = any characters but white space and "="
//   value         = the rest; may be empty; see expand.cpp for `$`
//
// If a name is set more than once, the last value counts; a different value causes a warning. A NUL
// byte ends its logical line, including the continuation lines.
#include "main_cf/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <optional>
#include <system_error>
#include <utility>

#include "base/fd.hpp"
#include "main_cf/ascii.hpp"

namespace scache::main_cf {
namespace {

std::unexpected<Error> failure(std::string text) {
  return std::unexpected(Error{std::move(text)});
}

std::unexpected<Error> system_failure(std::string_view action, std::string_view path, int number) {
  return failure(fmt::format("{} {}: {}", action, path, std::generic_category().message(number)));
}

std::string_view up_to_nul(std::string_view text) {
  return text.substr(0, text.find('\0'));
}

std::string_view trimmed_front(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kSpaces), text.size()));
}

std::string_view trimmed_back(std::string_view text) {
  return text.substr(0, text.find_last_not_of(kSpaces) + 1);
}

struct LogicalLine {
  std::string text;
  int number = 0;  // of its first line
};

// LogicalLines splits a text into logical lines.
class LogicalLines {
 public:
  LogicalLines(std::string_view text, std::string_view path, Log& log)
      : rest_{text}, path_{path}, log_{log} {}

  std::optional<LogicalLine> next() {
    while (!rest_.empty()) {
      LogicalLine line = join();
      if (line.text.empty()) continue;
      if (!is_space(line.text.front())) return line;
      log_.write(
          Severity::warning,
          fmt::format("{}: logical line must not start with whitespace: \"{}{}\"", path_,
                      up_to_nul(line.text).substr(0, 30), line.text.size() > 30 ? "..." : ""));
    }
    return std::nullopt;
  }

 private:
  // One logical line; empty if only comments are left.
  LogicalLine join() {
    LogicalLine joined;
    do {
      const std::string_view line = take();
      const std::string_view visible = trimmed_front(line);
      if (visible.empty() || visible.front() == '#') continue;
      if (joined.text.empty()) joined.number = number_;
      joined.text += line;
    } while (!rest_.empty() &&
             (joined.text.empty() || rest_.front() == '#' || is_space(rest_.front())));
    return joined;
  }

  std::string_view take() {
    const auto end = rest_.find('\n');
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++number_;
    return line;
  }

  std::string_view rest_;
  std::string_view path_;
  Log& log_;
  int number_ = 0;
};

struct FileText {
  std::string text;
  std::time_t changed = 0;
};

Result<FileText> read_file(const std::string& path) {
  const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
  if (!file) return system_failure("open", path, errno);
  FileText result;
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure("read", path, errno);
    if (count == 0) break;
    result.text.append(buffer.data(), static_cast<std::size_t>(count));
    if (result.text.size() > kMaxFileBytes) return system_failure("read", path, EFBIG);
  }
  struct stat status{};
  if (::fstat(file.get(), &status) < 0) return system_failure("fstat", path, errno);
  result.changed = status.st_mtime;
  return result;
}

}  // namespace

Result<NameValue> split_name_value(std::string_view text) {
  text = trimmed_front(up_to_nul(text));
  std::size_t end = 0;
  while (end < text.size() && text[end] != '=' && !is_space(text[end])) ++end;
  const std::string_view name = text.substr(0, end);
  if (name.empty()) return failure("missing attribute name");
  text = trimmed_front(text.substr(end));
  if (!text.starts_with('=')) return failure("missing '=' after attribute name");
  return NameValue{std::string{name}, std::string{trimmed_back(trimmed_front(text.substr(1)))}};
}

Result<void> load_text(std::string_view text, std::string_view path, Settings& settings, Log& log) {
  LogicalLines lines{text, path, log};
  while (const auto line = lines.next()) {
    auto setting = split_name_value(line->text);
    if (!setting) {
      return failure(fmt::format("{}, line {}: {}: \"{}\"", path, line->number,
                                 setting.error().text, up_to_nul(line->text)));
    }
    const std::string* const earlier = settings.find(setting->name);
    if (earlier != nullptr && *earlier != setting->value) {
      log.write(Severity::warning, fmt::format("{}, line {}: overriding earlier entry: {}={}", path,
                                               line->number, setting->name, *earlier));
    }
    settings.set(setting->name, std::move(setting->value));
  }
  return {};
}

Result<void> load_file(const std::string& path, Settings& settings, Log& log,
                       const std::function<void()>& pause) {
  for (;;) {
    const std::time_t before = std::time(nullptr);
    const auto file = read_file(path);
    if (!file) return std::unexpected(file.error());
    const auto loaded = load_text(file->text, path, settings, log);
    if (!loaded) return loaded;
    const bool hot = file->changed >= before - 1 && file->changed <= std::time(nullptr);
    if (!hot || !pause) return {};
    pause();
  }
}

}  // namespace scache::main_cf
