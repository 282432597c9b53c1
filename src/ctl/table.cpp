// SPDX-License-Identifier: Apache-2.0
#include "ctl/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace scache::ctl {

Table::Table(std::vector<Column> columns) : columns_{std::move(columns)} {
  for (const Column& column : columns_) widths_.push_back(column.title.size());
}

void Table::add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::size_t n = 0; n < cells.size(); ++n) widths_[n] = std::max(widths_[n], cells[n].size());
  lines_.push_back(std::move(cells));
}

std::string Table::text(bool colours) const {
  std::vector<std::string> titles;
  titles.reserve(columns_.size());
  for (const Column& column : columns_) titles.emplace_back(column.title);
  std::string out = line(titles);
  if (colours) out.insert(0, "\x1b[1m").append("\x1b[0m");
  out += '\n';
  for (const auto& cells : lines_) out.append(line(cells)).push_back('\n');
  return out;
}

// Without trailing spaces.
std::string Table::line(const std::vector<std::string>& cells) const {
  std::string out;
  for (std::size_t n = 0; n < cells.size(); ++n) {
    if (n != 0) out += "  ";
    out += columns_[n].align == Align::right ? fmt::format("{:>{}}", cells[n], widths_[n])
                                             : fmt::format("{:<{}}", cells[n], widths_[n]);
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

}  // namespace scache::ctl
