// SPDX-License-Identifier: Apache-2.0
#include "cache/flag_pool.hpp"

#include <bit>

#include "base/check.hpp"

namespace scache::cache {

FlagPool::~FlagPool() {
  with_room_.clear_and_dispose([this](Page* page) {
    check(page->count == 0, "a flag outlives its pool");
    delete page;
    --pages_;
  });
  check(pages_ == 0, "a page of flags outlives its pool");
}

FlagPool::Flag FlagPool::take() {
  if (with_room_.empty()) {
    with_room_.push_back(*new Page);
    ++pages_;
  }
  Page& page = with_room_.front();
  std::size_t word = 0;
  while (page.taken[word] == ~std::uint64_t{0}) ++word;
  const auto bit = static_cast<std::size_t>(std::countr_one(page.taken[word]));
  page.taken[word] |= std::uint64_t{1} << bit;
  if (++page.count == kFlagsOfPage) with_room_.pop_front();
  std::uint8_t& value = page.values[word * kWordBits + bit];
  value = 0;
  return {&value, &page};
}

void FlagPool::give(const Flag& flag) noexcept {
  Page& page = *flag.page;
  const auto number = static_cast<std::size_t>(flag.value - page.values.data());
  page.taken[number / kWordBits] &= ~(std::uint64_t{1} << number % kWordBits);
  if (page.count-- == kFlagsOfPage) with_room_.push_front(page);
  // Keeps the last page, so that a single endpoint does not allocate one again and again.
  if (page.count > 0 || pages_ == 1) return;
  with_room_.erase(with_room_.iterator_to(page));
  --pages_;
  delete &page;
}

}  // namespace scache::cache
