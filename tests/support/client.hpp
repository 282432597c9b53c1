// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "support/descriptors.hpp"
#include "support/rooms.hpp"

namespace scache::test {

// SocketClient is a client's end of a stream. It never blocks.
class SocketClient {
 public:
  explicit SocketClient(Fd socket) : socket_{std::move(socket)} {}

  bool send(const std::string& bytes, const std::vector<int>& descriptors = {}) {
    return send_with(socket_.get(), bytes, descriptors);
  }
  // Sends a byte with a descriptor, and closes the descriptor.
  bool give(const Fd descriptor, const std::string& bytes = std::string(1, '\0')) {
    return send(bytes, {descriptor.get()});
  }

  // All bytes that have arrived. Descriptors go to descriptors().
  std::string read() {
    std::string bytes;
    for (;;) {
      Arrived arrived = receive_with(socket_.get());
      ended_ = ended_ || arrived.size == 0 || (arrived.size < 0 && errno == ECONNRESET);
      if (arrived.size <= 0) return bytes;
      bytes += arrived.bytes;
      std::move(arrived.descriptors.begin(), arrived.descriptors.end(),
                std::back_inserter(descriptors_));
    }
  }
  std::vector<Fd>& descriptors() { return descriptors_; }

  // Whether the other end has closed, as far as read() has seen.
  bool sees_end() {
    read();
    return ended_;
  }

  void leave() { socket_.reset(); }
  int descriptor() const { return socket_.get(); }

 private:
  Fd socket_;
  std::vector<Fd> descriptors_;
  bool ended_ = false;
};

}  // namespace scache::test
