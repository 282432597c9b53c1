// SPDX-License-Identifier: Apache-2.0
#include "message.hpp"

#include <algorithm>

#include "sizes.hpp"

namespace scache::bench {
namespace {

constexpr std::size_t kDigits = 10;
// Numbers of the direct protocol, little-endian.
constexpr std::size_t kNumber = 8;
constexpr std::size_t kHalfNumber = 4;
// In milliseconds: longer than any measurement.
constexpr std::uint64_t kLongestTime = 60'000;

void put_digits(char* at, std::uint32_t number) noexcept {
  for (std::size_t i = kDigits; i-- > 0; number /= 10) at[i] = static_cast<char>('0' + number % 10);
}

// TAI64N, big-endian, in the year 2104: nothing expires.
void put_deadline(char* at, std::uint32_t number) noexcept {
  constexpr std::uint32_t kBillion = 1'000'000'000;
  std::uint64_t seconds = 0x4000'0001'0000'0000 + number / kBillion;
  std::uint32_t nanoseconds = number % kBillion;
  for (std::size_t i = 8; i-- > 0; seconds >>= 8) at[i] = static_cast<char>(seconds & 0xff);
  for (std::size_t i = 12; i-- > 8; nanoseconds >>= 8)
    at[i] = static_cast<char>(nanoseconds & 0xff);
}

void put_number(char* at, std::uint64_t number, std::size_t size = kNumber) noexcept {
  for (std::size_t i = 0; i < size; ++i, number >>= 8) at[i] = static_cast<char>(number & 0xff);
}

std::uint64_t number_at(const char* at) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = kNumber; i-- > 0;) number = number << 8 | static_cast<unsigned char>(at[i]);
  return number;
}

}  // namespace

Message& Message::text(std::string_view text) {
  bytes_ += text;
  return *this;
}

Message& Message::number(Of which) {
  places_.push_back({bytes_.size(), which, Form::digits});
  bytes_.append(kDigits, '0');
  return *this;
}

Message& Message::name(Of which) {
  constexpr std::string_view kTail = "\n25\n0\n";
  const std::size_t end = bytes_.size() + kNameSize;
  text(which == Of::destination ? "smtp\nd" : "smtp\nh").number(which);
  text(".mail-exchanger.");
  fill_up(end - kTail.size(), 'x');
  return text(kTail);
}

Message& Message::properties(Of which, std::size_t size) {
  constexpr std::string_view kTail = "\n\n";
  const std::size_t end = bytes_.size() + size;
  text(which == Of::destination ? "destination=d" : "tls_level=0\nreuse_count=").number(which);
  text("\nfeatures=15\nname=");
  fill_up(end - kTail.size(), 'y');
  return text(kTail);
}

Message& Message::s6_deadline() {
  places_.push_back({bytes_.size(), Of::endpoint, Form::deadline});
  bytes_.append(12, '\0');
  return *this;
}

Message& Message::in_request_id(std::size_t at) {
  places_.push_back({at, Of::endpoint, Form::request});
  return *this;
}

Message& Message::connection() {
  places_.push_back({bytes_.size(), Of::endpoint, Form::connection});
  bytes_.append(kNumber, '\0');
  return *this;
}

Message& Message::time() {
  places_.push_back({bytes_.size(), Of::endpoint, Form::time});
  bytes_.append(kNumber, '\0');
  return *this;
}

std::string_view Message::with(const Ids& ids) noexcept {
  for (const Place& place : places_) {
    const std::uint32_t number = place.which == Of::destination ? ids.destination : ids.endpoint;
    char* const at = bytes_.data() + place.at;
    switch (place.form) {
      case Form::digits:
        put_digits(at, number);
        break;
      case Form::deadline:
        put_deadline(at, number);
        break;
      case Form::request:
        put_number(at, number, kHalfNumber);
        break;
      case Form::connection:
        put_number(at, ids.connection);
        break;
      case Form::time:
        break;
    }
  }
  return bytes_;
}

bool Message::fits(std::string_view input, Ids& ids) noexcept {
  input = input.substr(0, size());
  for (const Place& place : places_) {
    if (place.form != Form::connection && place.form != Form::time) continue;
    if (place.at + kNumber > input.size()) {
      // An incomplete number cannot be checked yet.
      input = input.substr(0, place.at);
      break;
    }
    const std::uint64_t told = number_at(input.data() + place.at);
    if (place.form == Form::time) {
      if (told > kLongestTime) return false;
      put_number(bytes_.data() + place.at, told);
    } else if (ids.connection == 0) {
      if (told == 0) return false;
      ids.connection = told;
    }
  }
  return with(ids).starts_with(input);
}

void Message::fill_up(std::size_t size, char with) {
  bytes_.append(size - bytes_.size(), with);
}

}  // namespace scache::bench
