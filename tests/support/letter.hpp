#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/carrier.hpp"

namespace scache::test {

// Letter is something to be sent that keeps what it was told of that.
class Letter final : public Outgoing {
 public:
  Letter(int socket, std::string bytes) : socket_{socket}, bytes_{std::move(bytes)} {}
  ~Letter() = default;

  int socket() const noexcept override { return socket_; }
  std::string_view bytes() const noexcept override { return bytes_; }
  void left(const Sent& sent) noexcept override { told.push_back(sent); }

  std::vector<Sent> told;

 private:
  int socket_;
  std::string bytes_;
};

}  // namespace scache::test
