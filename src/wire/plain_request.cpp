#include "wire/plain_request.hpp"

#include <cstring>

namespace scache::postfix_codec {
namespace {

using namespace std::string_view_literals;

// Cursor goes through a list that has to be what is expected.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) noexcept
      : at_{bytes.data()}, end_{bytes.data() + bytes.size()} {}

  const char* at() const noexcept { return at_; }

  template <std::size_t size>
  bool passes(const char (&literal)[size]) noexcept {
    // What ends the literal for the compiler is a NUL of the list, too.
    if (static_cast<std::size_t>(end_ - at_) < size || std::memcmp(at_, literal, size) != 0) {
      return false;
    }
    at_ += size;
    return true;
  }

  bool takes(std::string_view& value) noexcept {
    const void* const nul = std::memchr(at_, 0, static_cast<std::size_t>(end_ - at_));
    if (nul == nullptr) return false;
    const auto* const end = static_cast<const char*>(nul);
    value = {at_, static_cast<std::size_t>(end - at_)};
    at_ = end + 1;
    return true;
  }

  // Some digits, few enough to be in range, and no other form of a number.
  bool takes(std::chrono::milliseconds& ttl) noexcept {
    constexpr int kMostDigits = 9;
    int seconds = 0;
    const char* digit = at_;
    for (; digit != end_ && digit - at_ < kMostDigits && *digit >= '0' && *digit <= '9'; ++digit) {
      seconds = seconds * 10 + (*digit - '0');
    }
    if (digit == end_ || *digit != 0 || seconds == 0) return false;
    at_ = digit + 1;
    ttl = std::chrono::seconds{seconds};
    return true;
  }

 private:
  const char* at_;
  const char* end_;
};

bool read(Cursor& list, SaveEndpoint& request) noexcept {
  return list.takes(request.ttl) && list.passes("label") && list.takes(request.endpoint) &&
         list.passes("property") && list.takes(request.properties);
}

bool read(Cursor& list, SaveDestination& request) noexcept {
  return list.takes(request.ttl) && list.passes("label") && list.takes(request.destination) &&
         list.passes("property") && list.takes(request.properties) && list.passes("label") &&
         list.takes(request.endpoint);
}

bool is_within(const SaveEndpoint& request, const WireLimits& limits) noexcept {
  return request.endpoint.size() <= limits.name && request.properties.size() <= limits.properties;
}
bool is_within(const SaveDestination& request, const WireLimits& limits) noexcept {
  return request.destination.size() <= limits.name && request.endpoint.size() <= limits.name &&
         request.properties.size() <= limits.properties;
}
bool is_within(const FindEndpoint& request, const WireLimits& limits) noexcept {
  return request.endpoint.size() <= limits.name;
}
bool is_within(const FindDestination& request, const WireLimits& limits) noexcept {
  return request.destination.size() <= limits.name;
}

template <typename Of>
std::optional<PlainRequest> finish(std::string_view bytes, Cursor& list, Kind kind,
                                   const Of& request, const WireLimits& limits) noexcept {
  if (!list.passes("") || !is_within(request, limits)) return std::nullopt;
  const auto size = static_cast<std::size_t>(list.at() - bytes.data());
  if (size > limits.list) return std::nullopt;
  return PlainRequest{kind, request, size};
}

}  // namespace

std::optional<PlainRequest> read_plain(std::string_view bytes, const WireLimits& limits) noexcept {
  Cursor list{bytes};
  if (list.passes("request\0find_endp\0label")) {
    FindEndpoint request;
    if (!list.takes(request.endpoint)) return std::nullopt;
    return finish(bytes, list, Kind::find_endpoint, request, limits);
  }
  if (list.passes("request\0find_dest\0label")) {
    FindDestination request;
    if (!list.takes(request.destination)) return std::nullopt;
    return finish(bytes, list, Kind::find_destination, request, limits);
  }
  if (list.passes("request\0save_endp\0ttl")) {
    SaveEndpoint request;
    if (!read(list, request)) return std::nullopt;
    return finish(bytes, list, Kind::save_endpoint, request, limits);
  }
  if (list.passes("request\0save_dest\0ttl")) {
    SaveDestination request;
    if (!read(list, request)) return std::nullopt;
    return finish(bytes, list, Kind::save_destination, request, limits);
  }
  return std::nullopt;
}

bool begins_with_dummy(std::string_view bytes) noexcept {
  return Cursor{bytes}.passes("dummy\0\0");
}

}  // namespace scache::postfix_codec
