// SPDX-License-Identifier: Apache-2.0
#include "session/actor.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "require.hpp"
#include "session/frames.hpp"
#include "support/descriptors.hpp"

namespace scache::fuzz {

void Actor::send(std::string_view text, std::size_t keep_back, std::string_view letters,
                 int listening) {
  std::string bytes = std::exchange(kept_back_, {}) + with_frames(text, replies_.cursor());
  keep_back = std::min(keep_back, bytes.size());
  kept_back_ = bytes.substr(bytes.size() - keep_back);
  bytes.erase(bytes.size() - keep_back);
  std::vector<Fd> made;
  std::vector<int> numbers;
  for (const char letter : letters) {
    made.push_back(cargo_.make(letter));
    int number = made.back().get();
    if (letter == 'O') number = socket_.get();
    if (letter == 'L') number = listening;
    if (letter == 'R') number = last_.get();
    if (number >= 0) numbers.push_back(number);
  }
  for (const int number : numbers) cargo_.sent(number, numbers.size() == 1);
  test::send_with(socket_.get(), bytes, numbers);
}

bool Actor::read() {
  bool any = false;
  for (;;) {
    test::Arrived arrived = test::receive_with(socket_.get(), 4'096);
    if (arrived.size <= 0) {
      ended_ = ended_ || arrived.size == 0 || errno == ECONNRESET;
      return any;
    }
    any = true;
    if (arrived.descriptors.empty()) {
      replies_.take(arrived.bytes);
      continue;
    }
    require(arrived.descriptors.size() == 1, "one descriptor comes at a time");
    replies_.take_with_descriptor(arrived.bytes);
    cargo_.received(arrived.descriptors.front().get());
    last_ = std::move(arrived.descriptors.front());
  }
}

void Actor::stop_sending() {
  ::shutdown(socket_.get(), SHUT_WR);
}

void Actor::stop_receiving() {
  receives_ = false;
  ::shutdown(socket_.get(), SHUT_RD);
}

}  // namespace scache::fuzz
