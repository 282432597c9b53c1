#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"

namespace scache::postfix {

// Warnings keeps the lines that were written to it.
class Warnings final : public Log {
 public:
  void write(Severity, std::string_view text) noexcept override { lines.emplace_back(text); }

  std::vector<std::string> lines;
};

}  // namespace scache::postfix
