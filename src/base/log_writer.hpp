// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "base/log_outlet.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// The line that reports lost lines, without the number.
inline constexpr std::string_view kLinesLost = "lines lost because the log could not take them: ";

// LogWriter writes lines and never waits for their reader: see log_writer.cpp.
class LogWriter {
 public:
  // The time limit for writing queued lines at the end of the process.
  static constexpr std::chrono::milliseconds kFarewell{1'000};

  // Whether the writer may start a thread.
  enum class Thread : bool { never, when_needed };

  // `line_end` follows the number of lost lines.
  explicit LogWriter(std::unique_ptr<LogOutlet> outlet, std::string_view line_end = {},
                     Thread thread = Thread::when_needed);
  // Flushes.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Writes or queues a line. Returns false if it is lost; the next line that is written is then
  // `note`, followed by the number of lost lines.
  bool write(std::string_view line, std::string_view note) noexcept;
  // Waits until all lines are written, or until the deadline. Returns at once if an earlier wait
  // has reached its deadline.
  using Deadline = std::chrono::steady_clock::time_point;
  static Deadline farewell() noexcept { return std::chrono::steady_clock::now() + kFarewell; }
  void flush(Deadline deadline = farewell()) noexcept;
  // For a signal handler that ends the process: takes no lock and allocates no memory.
  void write_in_signal(std::string_view line) noexcept;

 private:
  struct Shared;

  bool start_thread() noexcept;

  // Shared with the thread, which outlives the LogWriter if its write blocks.
  std::shared_ptr<Shared> shared_;
  bool waited_in_vain_ = false;
};

}  // namespace scache::base
