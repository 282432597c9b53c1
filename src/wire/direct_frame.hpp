#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/rooms.hpp"

// The frames of the direct protocol (docs/protocol.md): what is in them, reading and writing. Pure;
// views are valid as long as the bytes that they were read from.
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
  statistics_told = 134,
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
};

enum class ErrorCode : std::uint8_t {
  malformed = 1,
  unsupported = 2,
  full = 3,
  refused = 4,
  too_large = 5,
  busy = 6,
  cancelled = 7,
};

// Bits of `what` in a list.
inline constexpr std::uint64_t kConnections = 1;
inline constexpr std::uint64_t kBindings = 2;

struct Header {
  // Bytes of the whole frame, its header included.
  std::uint32_t size = 0;
  std::uint8_t kind = 0;
  bool with_descriptor = false;
  std::uint64_t id = 0;
};

// Bytes of a header, and of the longest frame.
inline constexpr std::size_t kHeaderSize = 24;
inline constexpr std::size_t kMaxFrame = 262'144;

// FrameStep is what stands at the beginning of some bytes.
struct FrameStep {
  enum class Kind : std::uint8_t {
    // Less than a frame.
    need_more,
    // A whole one.
    frame,
    // No frame can be that long or short: nothing can be said of what follows.
    bad,
  };
  Kind kind = Kind::need_more;
  // There from its 24th byte on; of a bad one, too.
  Header header;
  // Of a whole frame, without its header.
  std::string_view body;
};
FrameStep read_frame(std::string_view bytes) noexcept;

// FieldReader walks over the fields of a frame, or of one within another.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) noexcept : rest_{bytes} {}

  // Goes to the next field; false at the end, or where what is left is no field.
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

// Fields has the fields of a frame, or of one within another, by their tags. What is unknown was
// skipped, and each number is one.
class Fields {
 public:
  // Nothing where a field is not of its form, or comes twice and may not.
  static std::optional<Fields> read(std::string_view bytes) noexcept;

  bool has(Tag tag) const noexcept { return (present_ >> index(tag) & 1) != 0; }
  // Empty, or `otherwise`, where there is none.
  std::string_view bytes(Tag tag) const noexcept;
  std::uint64_t number(Tag tag, std::uint64_t otherwise = 0) const noexcept;

  // Calls `told(Fields)` for each field `tag` that has fields itself, in their order, as long as it
  // answers true. False where it did not, or where one is not of its form.
  template <typename Told>
  bool each(Tag tag, Told told) const {
    if (!has(tag)) return true;
    for (FieldReader reader{all_}; reader.next();) {
      if (reader.tag() != static_cast<std::uint16_t>(tag)) continue;
      const std::optional<Fields> inner = read(reader.value());
      if (!inner || !told(*inner)) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t kTags = 28;
  static constexpr std::size_t index(Tag tag) noexcept { return static_cast<std::size_t>(tag); }

  Fields() = default;

  // Where a value is in all_: half of what a view is, and a save copies the whole table.
  struct Place {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
  };

  std::string_view all_;
  std::uint32_t present_ = 0;
  std::array<Place, kTags> values_;
};

// FrameWriter appends one frame to a string. Fields are put in the order in which they are written;
// end() completes the frame.
class FrameWriter {
 public:
  FrameWriter(std::string& out, Kind kind, std::uint64_t id, bool with_descriptor = false);

  FrameWriter& put(Tag tag, std::string_view value);
  FrameWriter& put(Tag tag, std::uint64_t value);
  // What is put until close() belongs to a field of its own; one level is enough.
  FrameWriter& open(Tag tag);
  FrameWriter& close() noexcept;
  void end() noexcept;

  // Bytes of the frame so far.
  std::size_t size() const noexcept { return out_.size() - begin_; }

 private:
  std::string& out_;
  std::size_t begin_;
  std::size_t opened_ = 0;
};

// An error's name, as docs/protocol.md has it; "error" for one that is unknown.
std::string_view name_of(ErrorCode code) noexcept;

}  // namespace scache::wire::direct
