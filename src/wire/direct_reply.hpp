// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/rooms.hpp"
#include "wire/direct_frame.hpp"

// The replies of the direct protocol (docs/protocol.md): a server appends them to its output, and a
// client reads them from the fields of a frame. Views are valid as long as the bytes that they were
// read from. Negative times are written as 0, and times that do not fit are read as the largest.
namespace scache::wire::direct {

using std::chrono::milliseconds;

struct SavedReply {
  std::uint64_t connection = 0;
  std::uint64_t bindings = 0;
};
void put_saved(std::string& out, std::uint64_t id, const SavedReply& reply);
SavedReply read_saved(const Fields& fields) noexcept;

// A found connection. Its descriptor is sent with the frame.
struct FoundReply {
  std::string_view endpoint;
  std::string_view endpoint_properties;
  // Of the binding, for a lookup by destination.
  std::optional<std::string_view> destination_properties;
  std::uint64_t connection = 0;
  std::uint64_t uses = 0;
  milliseconds age{};
  milliseconds idle{};
};
void put_found(std::string& out, std::uint64_t id, const FoundReply& reply);
// A lookup that found nothing.
void put_not_found(std::string& out, std::uint64_t id);
FoundReply read_found(const Fields& fields) noexcept;

struct BoundReply {
  // The binding existed already.
  bool renewed = false;
};
void put_bound(std::string& out, std::uint64_t id, const BoundReply& reply);
BoundReply read_bound(const Fields& fields) noexcept;

struct DroppedReply {
  std::uint64_t connections = 0;
  std::uint64_t bindings = 0;
};
void put_dropped(std::string& out, std::uint64_t id, const DroppedReply& reply);
DroppedReply read_dropped(const Fields& fields) noexcept;

// An entry of a page: a binding if it has a destination, else a connection. A binding has only
// names, properties and a time to live.
struct EntryReply {
  std::optional<std::string_view> destination;
  std::string_view endpoint;
  std::string_view properties;
  milliseconds ttl{};
  std::uint64_t connection = 0;
  std::uint64_t uses = 0;
  milliseconds age{};
  milliseconds idle{};
  std::uint64_t owner = 0;
};

// PageWriter appends a page of a list, entry by entry. end() completes it, with the cursor of the
// next page if there is one.
class PageWriter {
 public:
  PageWriter(std::string& out, std::uint64_t id) : frame_{out, Kind::page, id} {}

  void put(const EntryReply& entry);
  void end(std::optional<std::string_view> cursor);
  std::size_t size() const noexcept { return frame_.size(); }

 private:
  FrameWriter frame_;
};

EntryReply read_entry(const Fields& entry) noexcept;
// Calls `visit(EntryReply)` for each entry of a page, in order. Returns false if one is malformed.
template <typename Visit>
bool each_entry(const Fields& page, Visit visit) {
  return page.each(Tag::entry, [&](const Fields& entry) {
    visit(read_entry(entry));
    return true;
  });
}

// StatisticsWriter appends the statistics one by one. end() completes the frame.
class StatisticsWriter {
 public:
  StatisticsWriter(std::string& out, std::uint64_t id) : frame_{out, Kind::statistics_reply, id} {}

  void put(std::string_view name, std::uint64_t value);
  void end() noexcept { frame_.end(); }

 private:
  FrameWriter frame_;
};

// Calls `visit(name, value)` for each statistic. Returns false if one is malformed.
template <typename Visit>
bool each_statistic(const Fields& fields, Visit visit) {
  return fields.each(Tag::statistic, [&](const Fields& statistic) {
    visit(statistic.bytes(Tag::name), statistic.number(Tag::value));
    return true;
  });
}

// `server` is the name and version of the server.
void put_pong(std::string& out, std::uint64_t id, std::string_view server);
std::string_view read_pong(const Fields& fields) noexcept;

struct CancelReply {
  // The target was still under way.
  bool cancelled = false;
};
void put_cancel_done(std::string& out, std::uint64_t id, const CancelReply& reply);
CancelReply read_cancel_done(const Fields& fields) noexcept;

struct ErrorReply {
  // 0 if this version does not know the code.
  ErrorCode code{};
  std::string_view text;
};
void put_error(std::string& out, std::uint64_t id, const ErrorReply& reply);
ErrorReply read_error(const Fields& fields) noexcept;

}  // namespace scache::wire::direct
