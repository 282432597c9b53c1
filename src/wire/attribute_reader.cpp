// SPDX-License-Identifier: Apache-2.0
#include "wire/attribute_reader.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace scache::wire {
namespace {

// The position of the first NUL from `from` on, or bytes.size(). The first eight bytes are examined
// here: most strings are short, and a call of memchr() costs more.
std::size_t find_nul(std::string_view bytes, std::size_t from) noexcept {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  if (bytes.size() - from >= kWord && std::endian::native == std::endian::little) {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + from, kWord);
    // The lowest set bit belongs to the first zero byte.
    const std::uint64_t zeros = (word - kOnes) & ~word & (kOnes << 7);
    if (zeros != 0) return from + static_cast<std::size_t>(std::countr_zero(zeros)) / 8;
    from += kWord;
  }
  if (from == bytes.size()) return from;
  const void* const nul = std::memchr(bytes.data() + from, 0, bytes.size() - from);
  return nul == nullptr ? bytes.size()
                        : static_cast<std::size_t>(static_cast<const char*>(nul) - bytes.data());
}

}  // namespace

AttributeReader::Step AttributeReader::scan(std::string_view bytes, std::string_view wanted) {
  bytes_ = bytes;
  const std::size_t readable = std::min(bytes.size(), limit_);
  for (;;) {
    const std::size_t offset = begin_;
    const std::size_t end = find_nul(bytes, at_);
    if (end >= readable) {
      at_ = bytes.size();
      return bytes.size() >= limit_ ? Step::too_long : Step::need_more;
    }
    const std::size_t size = end - offset;
    begin_ = at_ = end + 1;

    switch (phase_) {
      case Phase::wanted_name:
        if (size == 0) return Step::missing;
        if (bytes.substr(offset, size) != wanted) {
          keep(offset, size);
          return Step::unexpected_name;
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

}  // namespace scache::wire
