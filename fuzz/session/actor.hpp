#pragma once

#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "session/cargo.hpp"
#include "session/replies.hpp"

namespace scache::fuzz {

// Actor is a client in a script.
class Actor {
 public:
  Actor(Fd socket, bool greeting_expected, Cargo& cargo)
      : socket_{std::move(socket)}, replies_{greeting_expected}, cargo_{cargo} {}

  // Sends with a descriptor for each letter.
  void send(const std::string& bytes, std::string_view letters, int listening);
  // Reads what there is; whether there was something.
  bool read();
  void stop_sending();
  void stop_receiving();

  // Whether the server has ended the stream, as far as read() has seen.
  bool ended() const { return ended_; }
  const Replies& replies() const { return replies_; }
  bool receives() const { return receives_; }

 private:
  Fd socket_;
  Replies replies_;
  Cargo& cargo_;
  Fd last_;
  bool ended_ = false;
  bool receives_ = true;
};

}  // namespace scache::fuzz
