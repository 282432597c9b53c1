#pragma once

#include <vector>

#include "cache/position.hpp"
#include "io/stream.hpp"
#include "server/service.hpp"

namespace scache {

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
    if (stream_.output().empty()) places_.clear();
    if (places_.size() == places_.capacity()) places_.reserve(2 * places_.size() + 1);
  }
  // The connection that was just saved.
  void add() noexcept { places_.push_back(service_.last_place()); }
  // When the session is over.
  void drop() noexcept {
    if (stream_.output().empty()) return;
    for (const Position& place : places_) service_.drop(place);
    places_.clear();
  }

 private:
  Stream& stream_;
  Service& service_;
  std::vector<Position> places_;
};

}  // namespace scache
