#include "message.hpp"

#include "sizes.hpp"

namespace scache::bench {
namespace {

constexpr std::size_t kDigits = 10;

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

std::string_view Message::with(const Ids& ids) noexcept {
  for (const Place& place : places_) {
    const std::uint32_t number = place.which == Of::destination ? ids.destination : ids.endpoint;
    if (place.form == Form::digits) {
      put_digits(bytes_.data() + place.at, number);
    } else {
      put_deadline(bytes_.data() + place.at, number);
    }
  }
  return bytes_;
}

void Message::fill_up(std::size_t size, char with) {
  bytes_.append(size - bytes_.size(), with);
}

}  // namespace scache::bench
