// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "support/rooms.hpp"

namespace scache::test {

using Lines = std::vector<std::string>;

// RecordingLog stores its lines, with the severity as a prefix unless it is `info`.
class RecordingLog final : public Log {
 public:
  void write(Severity severity, std::string_view text) noexcept override {
    lines_.push_back((severity == Severity::info ? "" : word(severity)) + std::string{text});
  }

  // The lines since the last call.
  Lines take() { return std::exchange(lines_, {}); }

 private:
  static std::string word(Severity severity) {
    switch (severity) {
      case Severity::info:
        return "info: ";
      case Severity::warning:
        return "warning: ";
      case Severity::error:
        return "error: ";
      case Severity::fatal:
        return "fatal: ";
      case Severity::panic:
        break;
    }
    return "panic: ";
  }

  Lines lines_;
};

}  // namespace scache::test
