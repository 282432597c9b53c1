// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/rooms.hpp"
#include "cache/position.hpp"
#include "io/stream.hpp"
#include "server/service.hpp"

namespace scache::server {

// UnconfirmedSaves are the connections that a session has saved and whose replies were not sent
// yet. A client that disconnects before the reply may go on using its connection, so the end of the
// session drops these connections if they are still cached, without a goodbye.
class UnconfirmedSaves {
 public:
  UnconfirmedSaves(Stream& stream, Service& service) : stream_{stream}, service_{service} {}
  ~UnconfirmedSaves() { drop(); }
  UnconfirmedSaves(const UnconfirmedSaves&) = delete;
  UnconfirmedSaves& operator=(const UnconfirmedSaves&) = delete;

  // Call before a save. Throws std::bad_alloc.
  void reserve() {
    if (!saves_.empty() && stream_.sent() >= saves_.back().reply_end) saves_.clear();
    if (saves_.size() == saves_.capacity()) saves_.reserve(2 * saves_.size() + 1);
  }
  // Call after the save, when its reply is in the output of the stream.
  void add(const Position& place) noexcept {
    saves_.push_back({place, stream_.sent() + stream_.output().size()});
  }
  // Call at the end of the session.
  void drop() noexcept {
    for (const Save& save : saves_) {
      if (stream_.sent() < save.reply_end) service_.withdraw(save.place);
    }
    saves_.clear();
  }

 private:
  struct Save {
    Position place;
    // The number of sent bytes at which the reply has been sent.
    std::uint64_t reply_end;
  };

  Stream& stream_;
  Service& service_;
  std::vector<Save> saves_;
};

}  // namespace scache::server
