#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scache::bench {

// The numbers that the names and properties of one operation are made of.
struct Ids {
  std::uint32_t destination = 0;
  std::uint32_t endpoint = 0;
};

// Message is built once and sent, or expected, with other numbers each time.
class Message {
 public:
  enum class Of : std::uint8_t { destination, endpoint };

  Message& text(std::string_view text);
  // Ten digits.
  Message& number(Of which);
  // A name of kNameSize bytes, and properties of `size` bytes, that hold the number.
  Message& name(Of which);
  Message& properties(Of which, std::size_t size);
  // A deadline as s6 packs it, another for each endpoint: it looks for a free one.
  Message& s6_deadline();

  // The bytes; valid until the next call.
  std::string_view with(const Ids& ids) noexcept;
  std::size_t size() const noexcept { return bytes_.size(); }

 private:
  enum class Form : std::uint8_t { digits, deadline };
  struct Place {
    std::size_t at;
    Of which;
    Form form;
  };

  void fill_up(std::size_t size, char with);

  std::string bytes_;
  std::vector<Place> places_;
};

}  // namespace scache::bench
