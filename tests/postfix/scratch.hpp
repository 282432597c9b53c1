#pragma once

#include <string>
#include <vector>

#include "base/log.hpp"
#include "support/scratch.hpp"

namespace scache::postfix {

using test::arrived;
using test::bound_socket;
using test::in_child;
using test::ScratchDirectory;

// Remembers what was logged.
class MemoryLog final : public Log {
 public:
  void write(Severity severity, std::string_view text) noexcept override {
    severities.push_back(severity);
    lines.emplace_back(text);
  }
  std::vector<Severity> severities;
  std::vector<std::string> lines;
};

}  // namespace scache::postfix
