#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "base/log_outlet.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// The line that tells of lost ones, up to their number.
inline constexpr std::string_view kLinesLost = "lines lost because the log could not take them: ";

// LogWriter writes lines without ever waiting for whoever reads them: see log_writer.cpp.
class LogWriter {
 public:
  // How long lines that wait may take when the process is to end.
  static constexpr std::chrono::milliseconds kFarewell{1'000};

  // Whether there is a thread once it is needed; there is none anyway where it cannot be had.
  enum class Thread : bool { never, when_needed };

  // `line_end` stands behind the number of lost lines.
  explicit LogWriter(std::unique_ptr<LogOutlet> outlet, std::string_view line_end = {},
                     Thread thread = Thread::when_needed);
  // Flushes.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Writes a line, now or soon. False when it is lost; then `note`, with the number of those lost
  // behind it, is the next line that gets through.
  bool write(std::string_view line, std::string_view note) noexcept;
  // Waits until all lines are written, or until the deadline, before the process ends; not a second
  // time where that was in vain.
  using Deadline = std::chrono::steady_clock::time_point;
  static Deadline farewell() noexcept { return std::chrono::steady_clock::now() + kFarewell; }
  void flush(Deadline deadline = farewell()) noexcept;
  // For a signal handler that ends the process: no lock, no memory.
  void write_in_signal(std::string_view line) noexcept;

 private:
  struct Shared;

  bool start_thread() noexcept;

  // Shared with the thread, which outlives the LogWriter when its write does not end.
  std::shared_ptr<Shared> shared_;
  bool waited_in_vain_ = false;
};

}  // namespace scache::base
