// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/rooms.hpp"

// Reads and writes the frames of the direct protocol (docs/protocol.md). Views are valid as long as
// the bytes that they were read from.
namespace scache::wire::direct {

inline constexpr std::uint32_t kVersion = 1;

enum class Kind : std::uint8_t {
  save = 1,
  find = 2,
  bind = 3,
  drop = 4,
  list = 5,
  statistics = 6,
  ping = 7,
  cancel = 8,
  saved = 129,
  found = 130,
  bound = 131,
  dropped = 132,
  page = 133,
  statistics_reply = 134,
  pong = 135,
  cancel_done = 136,
  error = 255,
};

enum class Tag : std::uint16_t {
  endpoint = 1,
  destination = 2,
  endpoint_properties = 3,
  destination_properties = 4,
  ttl = 5,
  binding = 6,
  connection = 7,
  uses = 8,
  age = 9,
  idle = 10,
  prefix = 11,
  cursor = 12,
  limit = 13,
  what = 14,
  entry = 15,
  target = 16,
  connections = 17,
  bindings = 18,
  statistic = 19,
  name = 20,
  value = 21,
  code = 22,
  text = 23,
  owner = 24,
  renewed = 25,
  cancelled = 26,
  server = 27,
  allow_input = 28,
  // One more than the largest tag. A new tag goes before it, and into form_of().
  end,
};

enum class ErrorCode : std::uint8_t {
  malformed = 1,
  unsupported = 2,
  full = 3,
  refused = 4,
  too_large = 5,
  busy = 6,
  cancelled = 7,
  denied = 8,
};

// Bits of `what` in a list.
inline constexpr std::uint64_t kConnections = 1;
inline constexpr std::uint64_t kBindings = 2;

struct Header {
  // Bytes of the frame with its header.
  std::uint32_t size = 0;
  std::uint8_t kind = 0;
  bool with_descriptor = false;
  std::uint64_t id = 0;
};

// Size of a header, and maximum size of a frame.
inline constexpr std::size_t kHeaderSize = 24;
inline constexpr std::size_t kMaxFrame = 262'144;

// FrameStep is the result of reading a frame at the beginning of the input.
struct FrameStep {
  enum class Kind : std::uint8_t {
    // The frame is incomplete.
    need_more,
    // A complete frame.
    frame,
    // The size in the header is invalid: the next frame cannot be found.
    bad,
  };
  Kind kind = Kind::need_more;
  // Valid if the input has at least kHeaderSize bytes, also for a bad frame.
  Header header;
  // The fields of a complete frame.
  std::string_view body;
};
FrameStep read_frame(std::string_view bytes) noexcept;

// FieldReader iterates over the fields of a frame, or of a field that has fields.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) noexcept : rest_{bytes} {}

  // Advances to the next field; false at the end, or if the rest is malformed.
  bool next() noexcept;
  bool malformed() const noexcept { return malformed_; }

  std::uint16_t tag() const noexcept { return tag_; }
  std::string_view value() const noexcept { return value_; }

 private:
  std::string_view rest_;
  std::string_view value_;
  std::uint16_t tag_ = 0;
  bool malformed_ = false;
};

// Fields has the fields of a frame, or of a field that has fields, by tag. read() has skipped
// unknown fields, and has checked the size of each number.
class Fields {
 public:
  // Empty if a field is malformed, or repeated without permission.
  static std::optional<Fields> read(std::string_view bytes) noexcept;

  bool has(Tag tag) const noexcept { return (present_ >> index(tag) & 1) != 0; }
  // The default if the field is missing: empty, or `otherwise`.
  std::string_view bytes(Tag tag) const noexcept;
  std::uint64_t number(Tag tag, std::uint64_t otherwise = 0) const noexcept;

  // Calls `visit(Fields)` for each field `tag`, in order, until it returns false. Returns false in
  // that case, and if a field is malformed. Fields with this tag must have fields themselves.
  template <typename Visit>
  bool each(Tag tag, Visit visit) const {
    if (!has(tag)) return true;
    for (FieldReader reader{all_}; reader.next();) {
      if (reader.tag() != static_cast<std::uint16_t>(tag)) continue;
      const std::optional<Fields> inner = read(reader.value());
      if (!inner || !visit(*inner)) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t kTags = static_cast<std::size_t>(Tag::end);
  static constexpr std::size_t index(Tag tag) noexcept { return static_cast<std::size_t>(tag); }

  Fields() = default;

  // The place of a value in all_. Half the size of a view, because a save copies the whole table.
  struct Place {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
  };

  std::string_view all_;
  std::uint64_t present_ = 0;
  static_assert(kTags <= 64);
  std::array<Place, kTags> values_;
};

// FrameWriter appends one frame to a string, with the fields in the order of the calls. end()
// completes the frame.
class FrameWriter {
 public:
  FrameWriter(std::string& out, Kind kind, std::uint64_t id, bool with_descriptor = false);

  FrameWriter& put(Tag tag, std::string_view value);
  FrameWriter& put(Tag tag, std::uint64_t value);
  // Fields that are put until close() belong to the opened field. There is one level of nesting.
  FrameWriter& open(Tag tag);
  FrameWriter& close() noexcept;
  void end() noexcept;

  // Size of the frame so far.
  std::size_t size() const noexcept { return out_.size() - begin_; }

 private:
  std::string& out_;
  std::size_t begin_;
  std::size_t opened_ = 0;
};

// The name of an error code in docs/protocol.md; "error" for an unknown code.
std::string_view name_of(ErrorCode code) noexcept;
// The code with this number; ErrorCode{} if it is unknown.
ErrorCode known_code(std::uint64_t number) noexcept;

}  // namespace scache::wire::direct
