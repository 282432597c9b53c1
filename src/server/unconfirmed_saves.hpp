#pragma once

#include <cstdint>
#include <vector>

#include "base/rooms.hpp"
#include "cache/position.hpp"
#include "io/stream.hpp"
#include "server/service.hpp"

namespace scache::server {

// UnconfirmedSaves are the connections that a session has saved and whose replies have not left. A
// client that is gone before it could be told may have kept its connection: what is still cached of
// these is dropped with the session.
class UnconfirmedSaves {
 public:
  UnconfirmedSaves(Stream& stream, Service& service) : stream_{stream}, service_{service} {}
  ~UnconfirmedSaves() { drop(); }
  UnconfirmedSaves(const UnconfirmedSaves&) = delete;
  UnconfirmedSaves& operator=(const UnconfirmedSaves&) = delete;

  // Before a save. Throws std::bad_alloc.
  void reserve() {
    if (!saves_.empty() && stream_.sent() >= saves_.back().reply_end) saves_.clear();
    if (saves_.size() == saves_.capacity()) saves_.reserve(2 * saves_.size() + 1);
  }
  // What was saved there, when its reply is in the stream's output.
  void add(const Position& place) noexcept {
    saves_.push_back({place, stream_.sent() + stream_.output().size()});
  }
  // When the session is over.
  void drop() noexcept {
    for (const Save& save : saves_) {
      if (stream_.sent() < save.reply_end) service_.drop(save.place);
    }
    saves_.clear();
  }

 private:
  struct Save {
    Position place;
    // So many bytes have left when its reply has.
    std::uint64_t reply_end;
  };

  Stream& stream_;
  Service& service_;
  std::vector<Save> saves_;
};

}  // namespace scache::server
