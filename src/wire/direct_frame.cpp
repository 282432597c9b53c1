// SPDX-License-Identifier: Apache-2.0
#include "wire/direct_frame.hpp"

#include <bit>
#include <cstring>

namespace scache::wire::direct {
namespace {

constexpr std::uint8_t kWithDescriptor = 1;
constexpr std::size_t kFieldHeaderSize = 8;

// Converts between the host's byte order and little-endian.
template <typename Number>
Number in_order(Number number) noexcept {
  if constexpr (std::endian::native == std::endian::big && sizeof number > 1) {
    Number swapped = 0;
    for (std::size_t i = 0; i < sizeof number; ++i, number >>= 8) {
      swapped = static_cast<Number>(swapped << 8 | (number & 0xff));
    }
    return swapped;
  }
  return number;
}

template <typename Number>
Number get(const char* at) noexcept {
  Number number;
  std::memcpy(&number, at, sizeof number);
  return in_order(number);
}

template <typename Number>
void set(char* at, Number number) noexcept {
  number = in_order(number);
  std::memcpy(at, &number, sizeof number);
}

void set_field_header(char* at, Tag tag, std::size_t size) noexcept {
  set(at, static_cast<std::uint16_t>(tag));
  set(at + 4, static_cast<std::uint32_t>(size));
}

enum class Form : std::uint8_t { bytes, number, fields };

Form form_of(Tag tag) noexcept {
  switch (tag) {
    case Tag::endpoint:
    case Tag::destination:
    case Tag::endpoint_properties:
    case Tag::destination_properties:
    case Tag::prefix:
    case Tag::cursor:
    case Tag::name:
    case Tag::text:
    case Tag::server:
      return Form::bytes;
    case Tag::ttl:
    case Tag::connection:
    case Tag::uses:
    case Tag::age:
    case Tag::idle:
    case Tag::limit:
    case Tag::what:
    case Tag::target:
    case Tag::connections:
    case Tag::bindings:
    case Tag::value:
    case Tag::code:
    case Tag::owner:
    case Tag::renewed:
    case Tag::cancelled:
    case Tag::allow_input:
      return Form::number;
    case Tag::binding:
    case Tag::entry:
    case Tag::statistic:
    case Tag::end:
      break;
  }
  return Form::fields;
}

}  // namespace

FrameStep read_frame(std::string_view bytes) noexcept {
  FrameStep step;
  if (bytes.size() < kHeaderSize) return step;
  step.header = {.size = get<std::uint32_t>(bytes.data()),
                 .kind = get<std::uint8_t>(bytes.data() + 4),
                 .with_descriptor = (get<std::uint8_t>(bytes.data() + 5) & kWithDescriptor) != 0,
                 .id = get<std::uint64_t>(bytes.data() + 8)};
  if (step.header.size < kHeaderSize || step.header.size > kMaxFrame) {
    step.kind = FrameStep::Kind::bad;
  } else if (bytes.size() >= step.header.size) {
    step.kind = FrameStep::Kind::frame;
    step.body = bytes.substr(kHeaderSize, step.header.size - kHeaderSize);
  }
  return step;
}

bool FieldReader::next() noexcept {
  if (rest_.empty()) return false;
  const bool has_header = rest_.size() >= kFieldHeaderSize;
  const std::uint32_t length = has_header ? get<std::uint32_t>(rest_.data() + 4) : 0;
  if (!has_header || length > rest_.size() - kFieldHeaderSize) {
    // The position of the next field is unknown: stop here.
    rest_ = {};
    malformed_ = true;
    return false;
  }
  tag_ = get<std::uint16_t>(rest_.data());
  rest_.remove_prefix(kFieldHeaderSize);
  value_ = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return true;
}

std::optional<Fields> Fields::read(std::string_view bytes) noexcept {
  std::optional<Fields> read{Fields{}};
  Fields& fields = *read;
  fields.all_ = bytes;
  FieldReader reader{bytes};
  while (reader.next()) {
    if (reader.tag() == 0 || reader.tag() >= kTags) continue;
    const auto tag = static_cast<Tag>(reader.tag());
    const Form form = form_of(tag);
    const bool again = fields.has(tag) && form != Form::fields;
    const bool wrong = form == Form::number && reader.value().size() != sizeof(std::uint64_t);
    if (again || wrong) return std::nullopt;
    fields.present_ |= std::uint64_t{1} << index(tag);
    fields.values_[index(tag)] = {static_cast<std::uint32_t>(reader.value().data() - bytes.data()),
                                  static_cast<std::uint32_t>(reader.value().size())};
  }
  if (reader.malformed()) return std::nullopt;
  return read;
}

std::string_view Fields::bytes(Tag tag) const noexcept {
  const Place& place = values_[index(tag)];
  return {all_.data() + place.begin, place.size};
}

std::uint64_t Fields::number(Tag tag, std::uint64_t otherwise) const noexcept {
  return has(tag) ? get<std::uint64_t>(bytes(tag).data()) : otherwise;
}

FrameWriter::FrameWriter(std::string& out, Kind kind, std::uint64_t id, bool with_descriptor)
    : out_{out}, begin_{out.size()} {
  char header[kHeaderSize] = {};
  set(header + 4, static_cast<std::uint8_t>(kind));
  set(header + 5, static_cast<std::uint8_t>(with_descriptor ? kWithDescriptor : 0));
  set(header + 8, id);
  out_.append(header, sizeof header);
}

FrameWriter& FrameWriter::put(Tag tag, std::string_view value) {
  char header[kFieldHeaderSize] = {};
  set_field_header(header, tag, value.size());
  out_.append(header, sizeof header).append(value);
  return *this;
}

FrameWriter& FrameWriter::put(Tag tag, std::uint64_t value) {
  // One append for header and value: most fields of a reply are numbers.
  char field[kFieldHeaderSize + sizeof value] = {};
  set_field_header(field, tag, sizeof value);
  set(field + kFieldHeaderSize, value);
  out_.append(field, sizeof field);
  return *this;
}

FrameWriter& FrameWriter::open(Tag tag) {
  put(tag, std::string_view{});
  opened_ = out_.size();
  return *this;
}

FrameWriter& FrameWriter::close() noexcept {
  set(out_.data() + opened_ - sizeof(std::uint32_t),
      static_cast<std::uint32_t>(out_.size() - opened_));
  return *this;
}

void FrameWriter::end() noexcept {
  set(out_.data() + begin_, static_cast<std::uint32_t>(size()));
}

std::string_view name_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::malformed:
      return "malformed";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::full:
      return "full";
    case ErrorCode::refused:
      return "refused";
    case ErrorCode::too_large:
      return "too_large";
    case ErrorCode::busy:
      return "busy";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::denied:
      return "denied";
  }
  return "error";
}

ErrorCode known_code(std::uint64_t number) noexcept {
  const bool is_known = number <= static_cast<std::uint64_t>(ErrorCode::denied);
  return is_known ? static_cast<ErrorCode>(number) : ErrorCode{};
}

}  // namespace scache::wire::direct
