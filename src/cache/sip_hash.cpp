// SPDX-License-Identifier: Apache-2.0
#include "cache/sip_hash.hpp"

#include <bit>
#include <cstddef>
#include <cstring>

namespace scache::cache {
namespace {

struct State {
  std::uint64_t a;
  std::uint64_t b;
  std::uint64_t c;
  std::uint64_t d;

  void round() noexcept {
    a += b;
    b = std::rotl(b, 13) ^ a;
    a = std::rotl(a, 32);
    c += d;
    d = std::rotl(d, 16) ^ c;
    a += d;
    d = std::rotl(d, 21) ^ a;
    c += b;
    b = std::rotl(b, 17) ^ c;
    c = std::rotl(c, 32);
  }

  void take(std::uint64_t word) noexcept {
    d ^= word;
    round();
    a ^= word;
  }
};

// Up to eight bytes as a little-endian number.
std::uint64_t word_of(std::string_view bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data(), bytes.size());
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

}  // namespace

std::uint64_t sip_hash(const SipKey& key, std::string_view bytes) noexcept {
  // The constants of the algorithm: "somepseudorandomlygeneratedbytes".
  State state{key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
              key[1] ^ 0x7465646279746573};
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  const std::uint64_t size = bytes.size();
  for (; bytes.size() >= kWord; bytes.remove_prefix(kWord)) {
    state.take(word_of(bytes.substr(0, kWord)));
  }
  const std::uint64_t rest = bytes.empty() ? 0 : word_of(bytes);
  state.take(rest | size << 56);
  state.c ^= 0xff;
  for (int i = 0; i < 3; ++i) state.round();
  return state.a ^ state.b ^ state.c ^ state.d;
}

}  // namespace scache::cache
