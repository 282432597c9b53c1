// SPDX-License-Identifier: Apache-2.0
#include "server/direct_session.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <type_traits>
#include <utility>
#include <variant>

#include "server/charge.hpp"
#include "server/direct_details.hpp"
#include "server/direct_page.hpp"
#include "wire/direct_reply.hpp"

// In one turn a session serves the received frames, works on a slice of a drop, sends, and waits
// for input, for room in the socket, or for its next turn. Replies are sent together at the end of
// the turn, except those with a descriptor: each of these is a message of its own.
//
// At most one descriptor waits for its frame, and at most one found connection waits for room in
// the socket. The session reads nothing meanwhile, which bounds the memory for a client that does
// not read its replies.

namespace scache::server {

using direct::ErrorCode;

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr std::string_view kServer = "scache " SCACHE_VERSION;

LogKind kind_of(ErrorCode code) noexcept {
  const bool understood =
      code == ErrorCode::full || code == ErrorCode::refused || code == ErrorCode::busy;
  return understood ? LogKind::refused : LogKind::malformed;
}

}  // namespace

DirectSession::~DirectSession() {
  service_.close_unwanted(std::move(arrived_), stream_.user());
}

Task<> DirectSession::run() {
  deadline_ = after(stream_.loop().now(), policy_.time_limit);
  // A descriptor that arrived with the request for this protocol.
  if (!take_arrival()) co_return;
  Next next = Next::input;
  for (;;) {
    // After a fatal error the session only sends the remaining replies.
    if (next != Next::over) next = serve();
    const Flow sent = send();
    if (!sent.moved() && !sent.must_wait()) co_return;
    if (next == Next::over && sent.moved()) co_return;
    Ready ready = Ready::yes;
    if (sent.must_wait()) {
      be_busy();
      ready = co_await stream_.writable(deadline_);
    } else if (next == Next::others || !drops_.empty()) {
      co_await stream_.others();
      // The client cannot receive the replies to its pending requests.
      if (stream_.has_hung_up()) co_return;
    } else {
      ready = co_await more_input();
    }
    if (ready == Ready::timed_out) {
      log_.warn(LogKind::unfinished, now(), "direct: {}: timeout", policy_.source);
      co_return;
    }
    // Serve buffered input first. Do not read from a client that does not read its replies.
    if (sent.moved() && next == Next::input && !receive()) co_return;
  }
}

// Serves whole frames and slices of drops until the client's turn is over.
DirectSession::Next DirectSession::serve() {
  Next next = Next::input;
  if (hand_over_) send_found();
  while (!hand_over_ && !is_broken_) {
    const direct::FrameStep frame = direct::read_frame(stream_.input());
    if (frame.kind == direct::FrameStep::Kind::need_more) break;
    if (frame.kind == direct::FrameStep::Kind::bad) {
      refuse(frame.header.id, ErrorCode::malformed,
             "the frame size is not between 24 and 262144 bytes");
      return Next::over;
    }
    if (frame.header.with_descriptor && !arrived_) {
      return end("a frame arrived without its descriptor");
    }
    if (stream_.turn_is_over() || stream_.too_much_output() || drops_.full()) {
      next = Next::others;
      break;
    }
    serve_frame(frame);
    stream_.consume(frame.header.size);
    deadline_ = after(stream_.loop().now(), policy_.time_limit);
    if (!stream_.input().empty()) events_.busy_again();
  }
  if (!hand_over_ && arrived_ && stream_.input().empty()) {
    return end("a descriptor arrived without its frame");
  }
  work_on_drops();
  return next;
}

void DirectSession::work_on_drops() {
  // At least one slice, so that a stream of new requests does not delay the drops.
  for (bool goes_on = !drops_.empty(); goes_on;) {
    const Charge charge{stream_, service_};
    stream_.charge(kWorkOfRequest);
    drops_.work([this](const Drops::Dropped& dropped) {
      put_dropped(dropped.request, dropped.connections, dropped.bindings);
    });
    goes_on = !drops_.empty() && !service_.is_closing() && !stream_.turn_is_over();
  }
}

void DirectSession::serve_frame(const direct::FrameStep& frame) {
  const Charge charge{stream_, service_};
  const std::size_t before_reply = stream_.output().size();
  Fd fd;
  if (frame.header.with_descriptor) fd = std::move(arrived_);
  const std::uint64_t id = frame.header.id;
  const auto request = direct::decode(frame, policy_.limits);
  if (!request) {
    service_.close_unwanted(std::move(fd), stream_.user());
    refuse(id, request.error().code, request.error().text);
    return;
  }
  if (log_.verbose()) log_details(log_, *request);
  std::visit(
      [&](const auto& wanted) {
        if constexpr (std::is_same_v<decltype(wanted), const direct::Save&>) {
          answer(id, wanted, std::move(fd));
        } else {
          answer(id, wanted);
        }
      },
      *request);
  const std::size_t replied =
      stream_.output().size() - std::min(before_reply, stream_.output().size());
  stream_.charge(kWorkOfRequest + (frame.header.size + replied) / kBytesOfWork);
}

// Sends the replies. serve() has already tried to send a found connection.
Flow DirectSession::send() {
  if (is_broken_) return {Flow::Kind::failed, 0};
  if (hand_over_) return {Flow::Kind::not_yet, 0};
  return stream_.send_output();
}

Watch::Awaiter DirectSession::more_input() {
  if (!stream_.input().empty()) return stream_.readable(deadline_);
  if (!std::exchange(idle_, true)) events_.idle();
  return stream_.readable(kNever);
}

// After the descriptor of an unfinished frame, receives only the rest of that frame: the next
// descriptor may follow it.
std::size_t DirectSession::receivable() const noexcept {
  if (!arrived_) return Stream::kAny;
  const std::string_view input = stream_.input();
  const bool has_header = input.size() >= direct::kHeaderSize;
  const std::size_t end = has_header ? direct::read_frame(input).header.size : direct::kHeaderSize;
  return end - input.size();
}

// Returns false if the session must end.
bool DirectSession::receive() {
  const Flow flow = stream_.receive_input(receivable());
  if (flow.must_wait()) return true;
  if (std::exchange(idle_, false)) {
    if (flow.moved()) events_.busy();
    deadline_ = after(stream_.loop().now(), policy_.time_limit);
  }
  return flow.moved() && take_arrival();
}

// Takes the descriptor that arrived with the input, if any. Returns false after a protocol error.
bool DirectSession::take_arrival() {
  Stream::Arrival arrival = stream_.take_descriptor();
  if (!arrival.came) return true;
  if (arrived_ || !arrival.fd) {
    service_.close_unwanted(std::move(arrival.fd), stream_.user());
    end("more than one descriptor arrived with a frame, or the descriptor table is full");
    return false;
  }
  arrived_ = std::move(arrival.fd);
  return true;
}

DirectSession::Next DirectSession::end(std::string_view why) {
  log_.warn(LogKind::session, now(), "direct: {}: {}", policy_.source, why);
  return Next::over;
}

void DirectSession::answer(std::uint64_t id, const direct::Save& save, Fd fd) {
  SaveEndpoint connection = save.connection;
  if (connection.past.connection == 0) connection.past.connection = service_.new_connection_id();
  const Instant moment = now();
  unconfirmed_.reserve();
  switch (service_.save(caller_, connection, std::move(fd), moment)) {
    case Saved::full:
      return refuse(id, ErrorCode::full, "the cache is full");
    case Saved::own_client:
      return refuse(id, ErrorCode::refused, "the descriptor is a client connection to this server");
    case Saved::wrong_kind:
      return refuse(id, ErrorCode::refused, "only connected stream sockets and pipes can be saved");
    case Saved::not_closable:
      return refuse(id, ErrorCode::refused, "too many descriptors wait for close(2)");
    case Saved::yes:
    case Saved::renewed:
      break;
  }
  const Position place = service_.last_place();
  std::uint64_t bindings = 0;
  save.each_binding([&](const SaveDestination& binding) {
    if (service_.save(caller_, binding, moment) != Saved::full) ++bindings;
  });
  direct::put_saved(stream_.output(), id, {connection.past.connection, bindings});
  unconfirmed_.add(place);
}

void DirectSession::answer(std::uint64_t id, const FindEndpoint& find) {
  look_up({id, Service::Lookup::endpoint, find.endpoint});
}

void DirectSession::answer(std::uint64_t id, const FindDestination& find) {
  look_up({id, Service::Lookup::destination, find.destination});
}

void DirectSession::look_up(const Wanted& wanted) {
  if (wanted.by == Service::Lookup::endpoint) {
    std::optional<Claim> claim = service_.find(caller_, FindEndpoint{wanted.name}, now());
    if (!claim) return direct::put_not_found(stream_.output(), wanted.request);
    hand_over(wanted, std::move(*claim), {});
  } else {
    auto hit = service_.find(caller_, FindDestination{wanted.name}, now());
    if (!hit) return direct::put_not_found(stream_.output(), wanted.request);
    hand_over(wanted, std::move(hit->claim), hit->properties);
  }
}

void DirectSession::hand_over(const Wanted& wanted, Claim claim,
                              std::optional<std::string_view> destination_properties) {
  const Provenance& from = claim.provenance();
  const Instant moment = now();
  found_.clear();
  const direct::FoundReply found{.endpoint = claim.endpoint(),
                                 .endpoint_properties = claim.properties(),
                                 .destination_properties = destination_properties,
                                 .connection = from.id,
                                 .uses = std::uint64_t{from.uses} + 1,
                                 .age = duration_cast<milliseconds>(moment - from.since),
                                 .idle = duration_cast<milliseconds>(moment - from.saved)};
  direct::put_found(found_, wanted.request, found);
  hand_over_.emplace(wanted, std::move(claim));
  send_found();
}

void DirectSession::send_found() {
  const Flow flow = stream_.send_descriptor(hand_over_->claim.descriptor(), found_);
  if (flow.must_wait()) return;
  if (flow.moved()) {
    service_.commit(hand_over_->claim, hand_over_->wanted.by);
  } else if (flow.error == ETOOMANYREFS) {
    refuse(hand_over_->wanted.request, ErrorCode::busy, "too many descriptors are in flight");
  } else {
    is_broken_ = true;
  }
  hand_over_.reset();
  if (found_.size() > Stream::kMaxBufferedReplies) found_ = {};
}

void DirectSession::answer(std::uint64_t id, const direct::Bind& bind) {
  const Saved saved = service_.save(caller_, bind.binding, now());
  if (saved == Saved::full) return refuse(id, ErrorCode::full, "the cache is full");
  direct::put_bound(stream_.output(), id, {.renewed = saved == Saved::renewed});
}

void DirectSession::answer(std::uint64_t id, const direct::Drop& drop) {
  switch (drop.what) {
    case direct::Drop::What::destination:
      return put_dropped(id, 0, service_.drop_bindings(drop.name));
    case direct::Drop::What::endpoint:
      return drops_.begin(id, Drops::Of::endpoint, drop.name);
    case direct::Drop::What::prefix:
      return drops_.begin(id, Drops::Of::prefix, drop.name);
  }
}

void DirectSession::put_dropped(std::uint64_t id, std::uint64_t connections,
                                std::uint64_t bindings) {
  log_.detail("dropped: connections={} bindings={}", connections, bindings);
  direct::put_dropped(stream_.output(), id, {connections, bindings});
}

void DirectSession::answer(std::uint64_t id, const direct::List& list) {
  if (!list.cursor.empty() && list.cursor.size() != kCursorSize) {
    return refuse(id, ErrorCode::malformed, "list: invalid cursor");
  }
  const std::uint64_t most = std::min<std::uint64_t>(list.limit, kEntriesOfPage);
  const Instant moment = now();
  direct::PageWriter page{stream_.output(), id};
  std::uint64_t count = 0;
  const auto visit = [&](const Cache::Entry& entry) {
    const bool connection = entry.kind == Cache::Entry::Kind::connection;
    const std::uint64_t what = connection ? direct::kConnections : direct::kBindings;
    const std::string_view name = connection ? entry.endpoint : entry.destination;
    if ((list.what & what) == 0 || !name.starts_with(list.prefix) || entry.deadline <= moment) {
      return Cache::Verdict::keep;
    }
    if (count == most || page.size() > kBytesOfPage) return Cache::Verdict::stop;
    page.put(reply_of(entry, moment));
    ++count;
    return Cache::Verdict::keep;
  };
  const auto next = service_.walk(place_of(list.cursor), kLookedAtForPage, visit);
  if (!next) return page.end({});
  const auto cursor = cursor_of(*next);
  page.end(std::string_view{cursor.data(), cursor.size()});
}

void DirectSession::answer(std::uint64_t id, const direct::Statistics&) {
  direct::StatisticsWriter reply{stream_.output(), id};
  const Snapshot snapshot = service_.snapshot(now());
  for (const Statistic& each : server::statistics()) {
    reply.put(each.name, snapshot.*each.value);
  }
  reply.end();
}

void DirectSession::answer(std::uint64_t id, const direct::Ping&) {
  direct::put_pong(stream_.output(), id, kServer);
}

void DirectSession::answer(std::uint64_t id, const direct::Cancel& cancel) {
  const bool was_under_way = drops_.cancel(cancel.target);
  if (was_under_way) {
    direct::put_error(stream_.output(), cancel.target, {ErrorCode::cancelled, "cancelled"});
  }
  direct::put_cancel_done(stream_.output(), id, {.cancelled = was_under_way});
}

void DirectSession::refuse(std::uint64_t id, ErrorCode code, std::string_view text) {
  log_.warn(kind_of(code), now(), "direct: {}: {}: {}", policy_.source, direct::name_of(code),
            text);
  direct::put_error(stream_.output(), id, {code, text});
}

}  // namespace scache::server
