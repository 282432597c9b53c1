// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "rooms.hpp"
#include "session/cargo.hpp"
#include "session/replies.hpp"

namespace scache::fuzz {

// Actor is a client in a script.
class Actor {
 public:
  Actor(Fd socket, bool greeting_expected, Cargo& cargo)
      : socket_{std::move(socket)}, replies_{greeting_expected}, cargo_{cargo} {}

  // Sends with a descriptor for each letter: what was kept back before, and of this all but what is
  // to be kept back now.
  void send(std::string_view text, std::size_t keep_back, std::string_view letters, int listening);
  // Reads what there is; whether there was something.
  bool read();
  void stop_sending();
  void stop_receiving();

  // Whether the server has ended the stream, as far as read() has seen.
  bool ended() const { return ended_; }
  const Replies& replies() const { return replies_; }
  bool receives() const { return receives_; }
  // Whether it has received a descriptor.
  bool has_descriptor() const { return static_cast<bool>(last_); }

 private:
  Fd socket_;
  Replies replies_;
  Cargo& cargo_;
  Fd last_;
  std::string kept_back_;
  bool ended_ = false;
  bool receives_ = true;
};

}  // namespace scache::fuzz
