// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::wire {

// AttributeReader finds attribute lists (docs/protocol.md) in a stream of bytes:
//
//   wanted NUL value NUL (name NUL value NUL)... NUL
//
// A list begins with the name that the caller expects ("request"). The reader reports each string
// before that name, so that the caller can log it and the client can resynchronize.
//
// The reader is incremental: the caller passes all received and unconsumed bytes to scan(), which
// continues where it stopped. Views are valid as long as these bytes.
class AttributeReader {
 public:
  enum class Step : std::uint8_t {
    // The list is incomplete.
    need_more,
    // A complete list: string() has its first strings, beginning with the value of the wanted name.
    list,
    // string(0) is another name than the wanted one.
    unexpected_name,
    // The end of a list in place of the wanted name.
    missing,
    // The list exceeds the limit, and the reader cannot find its end.
    too_long,
  };

  // The longest request has nine strings, and a tenth shows that there is a surplus one. Further
  // strings are skipped.
  static constexpr std::size_t kMaxStrings = 10;

  // `limit` is the maximum size of a list with its terminator.
  explicit AttributeReader(std::size_t limit) : limit_{limit} {}

  Step scan(std::string_view bytes, std::string_view wanted);

  // After every step except need_more: the number of bytes to consume. The caller removes them and
  // calls done() before the next scan().
  std::size_t consumed() const noexcept { return at_; }
  void done() noexcept;

  std::size_t count() const noexcept { return count_; }
  std::string_view string(std::size_t index) const noexcept {
    return bytes_.substr(strings_[index].offset, strings_[index].size);
  }

  // After need_more: whether a value is incomplete, not a name.
  bool within_value() const noexcept {
    return phase_ == Phase::wanted_value || phase_ == Phase::value;
  }
  // After need_more: whether the last string is incomplete.
  bool within_string() const noexcept { return begin_ < bytes_.size(); }
  // After need_more: whether string(0), the value of the wanted name, is available.
  bool past_wanted() const noexcept { return phase_ == Phase::name || phase_ == Phase::value; }

 private:
  enum class Phase : std::uint8_t { wanted_name, wanted_value, name, value };
  struct Range {
    std::size_t offset;
    std::size_t size;
  };

  void keep(std::size_t offset, std::size_t size) noexcept;

  std::size_t limit_;
  std::string_view bytes_;
  Phase phase_ = Phase::wanted_name;
  // The beginning of the current string, and the position up to which it has been searched.
  std::size_t begin_ = 0;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
  std::array<Range, kMaxStrings> strings_{};
};

}  // namespace scache::wire
