#include "wire/attribute_reader.hpp"

namespace scache {

AttributeReader::Step AttributeReader::scan(std::string_view bytes, std::string_view wanted) {
  bytes_ = bytes;
  for (;;) {
    const std::size_t end = bytes.find('\0', at_);
    if (end == std::string_view::npos || end >= limit_) {
      at_ = bytes.size();
      return bytes.size() >= limit_ ? Step::too_long : Step::need_more;
    }
    const std::size_t offset = begin_;
    const std::size_t size = end - begin_;
    begin_ = at_ = end + 1;

    switch (phase_) {
      case Phase::wanted_name:
        if (size == 0) return Step::missing;
        if (bytes.substr(offset, size) != wanted) {
          keep(offset, size);
          return Step::stray;
        }
        phase_ = Phase::wanted_value;
        break;
      case Phase::wanted_value:
      case Phase::value:
        keep(offset, size);
        phase_ = Phase::name;
        break;
      case Phase::name:
        if (size == 0) return Step::list;
        keep(offset, size);
        phase_ = Phase::value;
        break;
    }
  }
}

void AttributeReader::done() noexcept {
  phase_ = Phase::wanted_name;
  begin_ = at_ = count_ = 0;
}

void AttributeReader::keep(std::size_t offset, std::size_t size) noexcept {
  if (count_ < kMaxStrings) strings_[count_++] = {offset, size};
}

}  // namespace scache
