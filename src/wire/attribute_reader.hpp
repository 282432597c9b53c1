#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::wire {

// AttributeReader finds attribute lists in a stream of bytes, of docs/protocol.md's form
//
//   wanted NUL value NUL (name NUL value NUL)... NUL
//
// A list begins with a name that the caller wants ("request"); whatever stands before it is told
// string by string, so that a client out of step is noticed and may find its way back.
//
// Incremental: scan() is given all bytes that were received and not consumed yet, and continues
// where it stood, however they arrive. Views are valid as long as the bytes given to scan().
class AttributeReader {
 public:
  enum class Step : std::uint8_t {
    // The bytes end within a list (or there are none).
    need_more,
    // A whole list: strings() has its first strings, from the value of the wanted name on.
    list,
    // A name that is not wanted: strings()[0].
    stray,
    // A list's end where a wanted name should be.
    missing,
    // The list is longer than the limit: nothing can be said of what follows.
    too_long,
  };

  // As many strings of a list as anybody looks at; further ones are passed over.
  static constexpr std::size_t kMaxStrings = 10;

  // `limit`: bytes of a list, its terminator included.
  explicit AttributeReader(std::size_t limit) : limit_{limit} {}

  Step scan(std::string_view bytes, std::string_view wanted);

  // After every step but need_more: how many bytes it was about. The caller drops them and calls
  // done() before the next scan().
  std::size_t consumed() const noexcept { return at_; }
  void done() noexcept;

  std::size_t count() const noexcept { return count_; }
  std::string_view string(std::size_t index) const noexcept {
    return bytes_.substr(strings_[index].offset, strings_[index].size);
  }

  // Whether a list has been looked at and is not done.
  // While more is needed: whether it is a value that is incomplete, and not a name.
  bool within_value() const noexcept {
    return phase_ == Phase::wanted_value || phase_ == Phase::value;
  }
  // While more is needed: whether a string has begun and not ended.
  bool within_string() const noexcept { return begin_ < bytes_.size(); }
  // While more is needed: whether the wanted name's value, string(0), is there.
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
  // Where the string that is being read begins, and up to where it was searched for its end.
  std::size_t begin_ = 0;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
  std::array<Range, kMaxStrings> strings_{};
};

}  // namespace scache::wire
