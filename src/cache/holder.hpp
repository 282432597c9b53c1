// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"
#include "cache/hooks.hpp"

namespace scache::cache {

namespace intrusive = boost::intrusive;

class Holder;

// Held is the part of an entry that its holder uses.
struct Held : intrusive::list_base_hook<> {
  Holder* holder = nullptr;
  // Whether it was used since it took its place in the order of use.
  bool used_again = false;
};

// A number of entries, and their bytes.
struct Amount {
  std::size_t entries = 0;
  std::size_t bytes = 0;

  Amount& operator+=(const Amount& more) noexcept {
    entries += more.entries;
    bytes += more.bytes;
    return *this;
  }
  Amount& operator-=(const Amount& less) noexcept {
    entries -= less.entries;
    bytes -= less.bytes;
    return *this;
  }
  // Whether this and an entry of a size exceed a limit.
  bool leaves_no_room(std::size_t size, const Amount& limit) const noexcept {
    return entries >= limit.entries || bytes > limit.bytes || size > limit.bytes - bytes;
  }
};

// Replacements limits the bytes of its own entries that a user replaces in a second. Without a
// limit one client can replace all of them several times in a second, before anybody can find one.
class Replacements {
 public:
  static constexpr Duration kPeriod = std::chrono::seconds{1};
  // A sixteenth of the default limit, so that an entry usually stays for 16 seconds. Far more than
  // is saved by clients that look up what they save.
  static constexpr std::size_t kMost = std::size_t{16} << 20;

  void add(std::size_t bytes, Instant now) noexcept {
    if (now >= end_) {
      bytes_ = 0;
      end_ = after(now, kPeriod);
    }
    bytes_ += bytes;
  }
  std::size_t bytes(Instant now) const noexcept { return now < end_ ? bytes_ : 0; }

 private:
  std::size_t bytes_ = 0;
  Instant end_{};
};

struct OrderOfOwners;
struct OrderOfEntries;
struct OrderOfBytes;
template <typename Tag>
using HolderHook = intrusive::set_base_hook<intrusive::tag<Tag>, intrusive::optimize_size<true>>;

// Holder is what one user holds of one kind of entry: its connections or its bindings. The bytes
// of an entry contain the names that it uses, even if other entries use them, too.
class Holder final : public HolderHook<OrderOfOwners>,
                     public HolderHook<OrderOfEntries>,
                     public HolderHook<OrderOfBytes> {
 public:
  // The user id.
  std::uint32_t owner() const noexcept { return owner_; }
  // With claimed entries, and claimed entries only.
  const Amount& held() const noexcept { return held_; }
  const Amount& claimed() const noexcept { return claimed_; }
  // Whether it has an entry that is not claimed.
  bool can_give() const noexcept { return !unused_.empty(); }

  // Its own entries that left for its new ones.
  Replacements replacements;

 private:
  friend class Holders;

  explicit Holder(std::uint32_t owner) : owner_{owner} {}

  std::uint32_t owner_;
  Amount held_;
  Amount claimed_;
  // Increases with each change of any holder. Of two with equal amounts, the one that has had it
  // for longer gives first.
  std::uint64_t changed_ = 0;
  // The entries that are not claimed, the longest unused first.
  intrusive::list<Held, intrusive::constant_time_size<false>> unused_;
};

// Holders has a holder for each user that holds entries of one kind, and chooses the entry that
// leaves for another one. The cost of each function is at most logarithmic in the number of users.
class Holders {
 public:
  // Entries used again that one choice passes over: each gets a new place in the order of use. With
  // more of them the choice takes one of these, so that its cost has a limit.
  static constexpr unsigned kPassedOver = 8;

  Holders() = default;
  ~Holders() { clear(); }
  Holders(const Holders&) = delete;
  Holders& operator=(const Holders&) = delete;

  // Null if the user holds nothing.
  Holder* find(std::uint32_t owner) noexcept;
  // Creates a missing holder. Throws std::bad_alloc. A holder without entries has to be given to
  // drop_if_unused().
  Holder& get(std::uint32_t owner);
  void drop_if_unused(Holder& holder) noexcept;

  // A new entry is in two steps: it counts from the first, and may be chosen from the second.
  void count(Holder& holder, Held& entry, std::size_t bytes) noexcept;
  void add(Held& entry) noexcept;
  // The entry leaves the cache. Destroys a holder without entries.
  void remove(Held& entry, std::size_t bytes) noexcept;

  // A claimed entry cannot be chosen; a returned one is the last in the order of use.
  void claim(Held& entry, std::size_t bytes) noexcept;
  void put_back(Held& entry, std::size_t bytes) noexcept;

  enum class Measure : std::uint8_t { entries, bytes };
  // The holder that gives up an entry for one of `saver`, which is counted already: the saver, if
  // nobody holds more, otherwise the one that holds the most. So whoever holds no more than an
  // equal share loses nothing to others. Null if every entry is claimed.
  Holder* giver(Measure by, Holder& saver) noexcept;
  // The longest unused entry. The holder must have one that is not claimed.
  static Held& longest_unused(Holder& holder) noexcept;

  // Forgets all entries and holders.
  void clear() noexcept;

  // Of all users.
  const Amount& claimed() const noexcept { return claimed_; }
  std::size_t size() const noexcept { return owners_.size(); }

 private:
  struct ByOwner {
    using type = std::uint32_t;
    type operator()(const Holder& holder) const noexcept { return holder.owner_; }
  };
  // Orders holders by what they hold. Those that had equal amounts for longer are later.
  template <std::size_t Amount::* Number>
  struct HoldsLess {
    bool operator()(const Holder& a, const Holder& b) const noexcept {
      visited();
      if (a.held_.*Number != b.held_.*Number) return a.held_.*Number < b.held_.*Number;
      return a.changed_ > b.changed_;
    }
  };
  using Owners = intrusive::set<Holder, intrusive::base_hook<HolderHook<OrderOfOwners>>,
                                intrusive::key_of_value<ByOwner>>;
  using ByEntries = intrusive::set<Holder, intrusive::base_hook<HolderHook<OrderOfEntries>>,
                                   intrusive::compare<HoldsLess<&Amount::entries>>,
                                   intrusive::constant_time_size<false>>;
  using ByBytes = intrusive::set<Holder, intrusive::base_hook<HolderHook<OrderOfBytes>>,
                                 intrusive::compare<HoldsLess<&Amount::bytes>>,
                                 intrusive::constant_time_size<false>>;

  template <typename Ranking>
  static void rank_anew(Ranking& ranking, Holder& holder) noexcept;
  void changed(Holder& holder) noexcept;
  void link(Holder& holder, Held& entry) noexcept;
  void unlink(Holder& holder, Held& entry) noexcept;

  Owners owners_;
  // The holders that have an entry to give.
  ByEntries by_entries_;
  ByBytes by_bytes_;
  Amount claimed_;
  std::uint64_t changes_ = 0;
};

}  // namespace scache::cache
