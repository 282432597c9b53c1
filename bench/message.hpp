// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scache::bench {

// The numbers in the names and properties of one operation.
struct Ids {
  std::uint32_t destination = 0;
  std::uint32_t endpoint = 0;
  // The server's id of the connection; 0 until it is known.
  std::uint64_t connection = 0;
};

// Message is a template that is sent, or compared, with different numbers each time.
class Message {
 public:
  enum class Of : std::uint8_t { destination, endpoint };

  Message& text(std::string_view text);
  // Ten digits.
  Message& number(Of which);
  // A name of kNameSize bytes, and properties of `size` bytes, both containing the number.
  Message& name(Of which);
  Message& properties(Of which, std::size_t size);
  // A deadline in the format of s6. Each endpoint has a different one, since s6 searches for a free
  // one.
  Message& s6_deadline();
  // In a frame of the direct protocol: the number of the endpoint in the lower half of the
  // request's id, the server's id of the connection, and a time from the server.
  Message& in_request_id(std::size_t at);
  Message& connection();
  Message& time();

  // The buffer, to which callers append.
  std::string& bytes() noexcept { return bytes_; }
  // The bytes; valid until the next call.
  std::string_view with(const Ids& ids) noexcept;
  // Whether the input is the expected message, a part of it, or longer. The first id of a
  // connection and short times may have any value.
  bool fits(std::string_view input, Ids& ids) noexcept;
  std::size_t size() const noexcept { return bytes_.size(); }

 private:
  enum class Form : std::uint8_t { digits, deadline, request, connection, time };
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
