// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <map>
#include <vector>

#include "base/fd.hpp"
#include "rooms.hpp"

namespace scache::fuzz {

// Cargo makes the descriptors that clients send, and keeps account of them: a descriptor comes back
// no more often than it was sent, and in the end nobody holds it.
//
//   P  the writing end of a pipe         S  an end of a UNIX socket pair
//   T  an end of a TCP connection
//   E  an eventfd                        N  a network socket with a linger time, not connected
//   U  a UNIX socket, not connected      O  the client's own stream
//   L  the listening socket              R  the last descriptor that the client received
class Cargo {
 public:
  // A new descriptor of a kind; empty where the kind needs one that exists.
  Fd make(char kind);

  // One is sent, alone or with others; a client has received one.
  void sent(int descriptor, bool alone);
  void received(int descriptor);

  // The other ends of what was sent are closed.
  void desert() { ends_.clear(); }
  // The other ends send something; they are reset.
  void speak();
  void reset();
  // Whether everybody has let go of all of them.
  bool all_left_alone() const;

 private:
  struct Account {
    unsigned sent = 0;
    unsigned received = 0;
  };
  // The other ends of pipes and socket pairs.
  std::vector<Fd> ends_;
  std::map<ino_t, Account> accounts_;
};

}  // namespace scache::fuzz
