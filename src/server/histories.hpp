// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/member.hpp>
#include <boost/multi_index/sequenced_index.hpp>
#include <boost/multi_index_container.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"

namespace scache::server {

// Histories of connections that are with a client: a client may save its connection again without
// the history, and those of the Postfix protocol always do. The key is the cookie of the socket,
// which the kernel gives to no other one; a pipe has none, and the cookie 0.
class Histories {
 public:
  // As many as there are connections by default; a table of 2 MiB. Beyond it, the oldest is lost:
  // the age and the uses of that connection begin anew.
  static constexpr std::size_t kMost = 16'384;

  struct History {
    // The time of the first save.
    Instant since{};
    std::uint64_t id = 0;
    // The number of lookups that have found the connection.
    std::uint32_t uses = 0;
  };

  explicit Histories(std::size_t most = kMost) : most_{most} {}

  // Without memory it is not kept. That of the cookie 0 is not.
  void keep(std::uint64_t cookie, const History& history) noexcept;
  // None if it is not known.
  std::optional<History> find(std::uint64_t cookie) const noexcept;
  void forget(std::uint64_t cookie) noexcept { table_.get<1>().erase(cookie); }

 private:
  struct Entry {
    std::uint64_t cookie;
    History history;
  };
  // Oldest first, and by cookie.
  using Table = boost::multi_index_container<
      Entry,
      boost::multi_index::indexed_by<boost::multi_index::sequenced<>,
                                     boost::multi_index::hashed_unique<boost::multi_index::member<
                                         Entry, std::uint64_t, &Entry::cookie>>>>;

  std::size_t most_;
  Table table_;
};

}  // namespace scache::server
