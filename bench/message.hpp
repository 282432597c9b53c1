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
  // What the server calls the connection that it was given; 0 until it has said so.
  std::uint64_t connection = 0;
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
  // In a frame of the direct protocol: the endpoint's number in the lower half of the request's id,
  // which is already there, what the server calls the connection, and a time that it tells.
  Message& in_request_id(std::size_t at);
  Message& connection();
  Message& time();

  // Where others append to the message.
  std::string& bytes() noexcept { return bytes_; }
  // The bytes; valid until the next call.
  std::string_view with(const Ids& ids) noexcept;
  // Whether this is what is expected, or its beginning, or goes on behind it. The connection's
  // number is the server's to choose when it tells it first; a time may be any that is short.
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
