// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace scache::ctl {

// Table aligns cells in columns, with two spaces between them. Cells are printable ASCII.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string_view title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns);

  // Adds a line. Excess cells are dropped, missing cells are empty.
  void add(std::vector<std::string> cells);
  bool empty() const noexcept { return lines_.empty(); }

  // The titles, which are bold with colours, and all lines.
  std::string text(bool colours) const;

 private:
  std::string line(const std::vector<std::string>& cells) const;

  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> lines_;
};

}  // namespace scache::ctl
