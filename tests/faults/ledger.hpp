// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "support/descriptors.hpp"

namespace scache::test {

// What a descriptor refers to.
inline std::pair<dev_t, ino_t> identity_of(const Fd& fd) {
  struct stat about{};
  EXPECT_EQ(::fstat(fd.get(), &about), 0);
  return {about.st_dev, about.st_ino};
}

// A connection that a client has saved, or has tried to.
struct Saved {
  enum class State {
    // Whether the server has it nobody can say: the stream ended before the answer.
    unsure,
    // It said so.
    kept,
    // It said no, or never got the descriptor.
    refused,
    // A client has it.
    taken,
    // Its time to live is over, or it was dropped.
    gone,
  };

  std::string endpoint;
  std::string properties;
  std::pair<dev_t, ino_t> identity;
  // The other end, which sees when the server lets go.
  Fd peer;
  State state = State::refused;
  // A client is just getting it; and how often that was tried.
  bool claimed = false;
  unsigned claims = 0;

  // Whether a lookup must find it, if nobody else does.
  bool certain() const { return state == State::kept && !claimed; }
  bool possible() const { return (state == State::kept || state == State::unsure) && !claimed; }
};

struct Bound {
  std::string destination;
  std::string properties;
  std::string endpoint;
  bool certain = false;
};

// Ledger is what the clients of one server know of its cache, and holds its answers against it.
class Ledger {
 public:
  // Whether connections make room for each other: the server must have closed those it has lost.
  bool evicts = false;

  // Makes a connection to be saved; its end for the server is answered.
  Fd make(std::string endpoint, std::size_t more_properties = 0) {
    Ends ends = pair(saved_.size());
    Saved saved;
    saved.endpoint = std::move(endpoint);
    saved.properties = "p" + std::to_string(saved_.size()) + std::string(more_properties, 'x');
    saved.identity = identity_of(ends.first);
    saved.peer = std::move(ends.second);
    saved_.push_back(std::move(saved));
    return std::move(ends.first);
  }
  std::size_t last() const { return saved_.size() - 1; }
  Saved& at(std::size_t index) { return saved_[index]; }
  std::size_t size() const { return saved_.size(); }

  void bind(std::string destination, std::string properties, std::string endpoint, bool certain) {
    for (Bound& bound : bound_) {
      if (bound.destination != destination || bound.endpoint != endpoint ||
          bound.properties != properties) {
        continue;
      }
      bound.certain = bound.certain || certain;
      return;
    }
    bound_.push_back({std::move(destination), std::move(properties), std::move(endpoint), certain});
  }
  const std::vector<Bound>& bindings() const { return bound_; }

  // What a lookup by that endpoint must find, each with the number of its claims.
  using Certain = std::vector<std::pair<std::size_t, unsigned>>;
  Certain certain_at(const std::string& endpoint) const {
    Certain certain;
    for (std::size_t i = 0; i < saved_.size(); ++i) {
      if (saved_[i].endpoint == endpoint && saved_[i].certain()) {
        certain.emplace_back(i, saved_[i].claims);
      }
    }
    return certain;
  }
  Certain certain_for(const std::string& destination) const {
    Certain certain;
    for (const Bound& bound : bound_) {
      if (bound.destination != destination || !bound.certain) continue;
      const Certain more = certain_at(bound.endpoint);
      certain.insert(certain.end(), more.begin(), more.end());
    }
    return certain;
  }

  // A lookup found nothing: nothing that was certain before may have been there all the while.
  void missed(const Certain& before) {
    for (const auto& [index, claims] : before) {
      const Saved& saved = saved_[index];
      if (!saved.certain() || saved.claims != claims) continue;
      if (was_evicted(index)) continue;
      ADD_FAILURE() << saved.properties.substr(0, 10) << " of " << saved.endpoint << " is lost";
    }
  }
  // Whether a connection that is not there has left for another one.
  bool was_evicted(std::size_t index) {
    if (!evicts || !comes_alone(saved_[index].peer)) return false;
    saved_[index].state = Saved::State::gone;
    return true;
  }
  // A lookup found a connection of these properties. Answers which.
  std::size_t claim(const std::string& properties) {
    for (std::size_t i = 0; i < saved_.size(); ++i) {
      if (saved_[i].properties != properties) continue;
      EXPECT_TRUE(saved_[i].possible()) << properties.substr(0, 10) << " is not there to be found";
      saved_[i].claimed = true;
      ++saved_[i].claims;
      return i;
    }
    ADD_FAILURE() << "found what was never saved: " << properties.substr(0, 10);
    return 0;
  }
  // Its descriptor has come, or never will.
  void take(std::size_t index, const Fd& fd) {
    saved_[index].claimed = false;
    saved_[index].state = fd ? Saved::State::taken : Saved::State::kept;
    if (fd) {
      EXPECT_EQ(identity_of(fd), saved_[index].identity) << "a wrong descriptor";
    }
  }

  // A descriptor has come, and what was to be said of it never will.
  void take(const Fd& fd) {
    for (Saved& saved : saved_) {
      if (saved.identity != identity_of(fd)) continue;
      EXPECT_TRUE(saved.possible()) << saved.properties.substr(0, 10) << " is not there to be had";
      saved.state = Saved::State::taken;
      return;
    }
    ADD_FAILURE() << "a descriptor came that was never saved";
  }

  // Connections and bindings whose names begin so, or are that, may leave from now on; have left.
  using Chosen = std::function<bool(const std::string&)>;
  void dropping(const Chosen& endpoint, const Chosen& destination) {
    for (Saved& saved : saved_) {
      if (endpoint(saved.endpoint) && saved.certain()) saved.state = Saved::State::unsure;
    }
    for (Bound& bound : bound_) {
      if (destination(bound.destination)) bound.certain = false;
    }
  }
  void dropped(const Chosen& endpoint) {
    for (Saved& saved : saved_) {
      if (endpoint(saved.endpoint) && saved.possible()) saved.state = Saved::State::gone;
    }
  }

 private:
  // Kinds that the server keeps and closes in different ways, one after the other.
  static Ends pair(std::size_t number) {
    Ends ends;
    switch (number % 5) {
      case 0:
        return socket_pair();
      case 1:
        return pipe_pair();
      case 2:
        ends = pipe_pair();
        std::swap(ends.first, ends.second);
        return ends;
      case 3:
        // With something to read in it.
        ends = socket_pair();
        EXPECT_TRUE(send_with(ends.second.get(), "220 welcome", {}));
        return ends;
      default:
        return tcp_pair();
    }
  }

  std::vector<Saved> saved_;
  std::vector<Bound> bound_;
};

}  // namespace scache::test
