#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace scache::ctl {

// Table lays out lines of cells for people: columns as wide as they need to be, two blanks between
// them. Cells are printable ASCII.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string_view title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns);

  // A line. Cells beyond the columns are left out, those that are missing stay empty.
  void add(std::vector<std::string> cells);
  bool empty() const noexcept { return lines_.empty(); }

  // All lines below the titles, which are bold where there are colours.
  std::string text(bool colours) const;

 private:
  std::string line(const std::vector<std::string>& cells) const;

  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> lines_;
};

}  // namespace scache::ctl
