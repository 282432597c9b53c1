#pragma once

#include <string>
#include <string_view>

namespace scache {

// How grave a log line is. The log's own format decides how each is spelt.
enum class Severity { info, warning, error, fatal, panic };

// Log is where lines go. Implementations never throw and never block for long; one thread.
class Log {
 public:
  virtual ~Log() = default;

  // Writes one line, without a newline at its end. Bytes that are not printable ASCII are the
  // implementation's business: the caller passes what it has.
  virtual void write(Severity severity, std::string_view text) noexcept = 0;

  // Whether details of each request are wanted (-v).
  bool verbose() const noexcept { return verbose_; }
  void set_verbose(bool verbose) noexcept { verbose_ = verbose; }

 private:
  bool verbose_ = false;
};

}  // namespace scache
