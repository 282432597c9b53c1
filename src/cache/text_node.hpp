// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/rooms.hpp"

namespace scache::cache {

// TextNode<T> is the base of a node that stores a text behind itself, so that an entry and its name
// or properties are one allocation.
template <typename T>
class TextNode {
 public:
  TextNode(const TextNode&) = delete;
  TextNode& operator=(const TextNode&) = delete;

  struct Destroy {
    void operator()(T* node) const noexcept {
      node->~T();
      ::operator delete(node);
    }
  };
  using Owner = std::unique_ptr<T, Destroy>;

  // Throws std::bad_alloc, without any effect.
  template <typename... Arguments>
  static Owner create(std::string_view text, Arguments&&... arguments) {
    if (text.size() > std::numeric_limits<std::uint32_t>::max()) throw std::bad_alloc{};
    void* memory = ::operator new(sizeof(T) + text.size());
    Owner node{new (memory) T(std::forward<Arguments>(arguments)...)};
    node->text_size_ = static_cast<std::uint32_t>(text.size());
    if (!text.empty()) std::memcpy(static_cast<void*>(node.get() + 1), text.data(), text.size());
    return node;
  }

  std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(static_cast<const T*>(this) + 1), text_size_};
  }
  // The memory of a node, with the overhead of malloc and its entries in the tables of the cache.
  static constexpr std::size_t bytes_with(std::size_t text_size) noexcept {
    return sizeof(T) + text_size + kOfAllocation + T::kBeside;
  }
  std::size_t bytes() const noexcept { return bytes_with(text_size_); }

 protected:
  TextNode() = default;
  ~TextNode() = default;

 private:
  static constexpr std::size_t kOfAllocation = 16;

  std::uint32_t text_size_ = 0;
};

}  // namespace scache::cache
