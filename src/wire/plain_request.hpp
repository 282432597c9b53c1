#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "wire/limits.hpp"
#include "wire/postfix_codec.hpp"
#include "wire/request.hpp"

namespace scache::postfix_codec {

// A request that is spelt just as Postfix's own clients spell it, at the beginning of some bytes.
struct PlainRequest {
  Kind kind;
  Request request;
  // Bytes of its list.
  std::size_t size;
};

// Reads such a request in one go: nearly all are, and finding each string of a list by itself is
// most of what a request has to be read for. Nothing where it is incomplete, or anything else at
// all: then AttributeReader and decode() have the word. Where this answers they answer the same,
// without a warning.
std::optional<PlainRequest> read_plain(std::string_view bytes, const WireLimits& limits) noexcept;

// Whether the bytes begin with the client's word that goes with a descriptor, as its list alone.
bool begins_with_dummy(std::string_view bytes) noexcept;
inline constexpr std::size_t kDummySize = 8;

}  // namespace scache::postfix_codec
