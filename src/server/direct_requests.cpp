// SPDX-License-Identifier: Apache-2.0
#include "server/direct_requests.hpp"

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

namespace scache::server {

using direct::ErrorCode;

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr std::string_view kDenied = "the user has no right to do this with the name";
constexpr std::string_view kServer = "scache " SCACHE_VERSION;

LogKind kind_of(ErrorCode code) noexcept {
  const bool understood =
      code == ErrorCode::full || code == ErrorCode::refused || code == ErrorCode::busy;
  return understood ? LogKind::refused : LogKind::malformed;
}

}  // namespace

void DirectRequests::serve(const direct::FrameStep& frame, Fd fd) {
  const Charge charge{stream_, service_};
  const std::size_t before_reply = stream_.output().size();
  const std::uint64_t id = frame.header.id;
  const auto request = direct::decode(frame, caller_.policy.limits);
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

void DirectRequests::refuse_frame(std::uint64_t id) {
  refuse(id, ErrorCode::malformed, "the frame size is not between 24 and 262144 bytes");
}

void DirectRequests::run_step() {
  const Charge charge{stream_, service_};
  stream_.charge(kWorkOfRequest);
  under_way_.run_step();
}

void DirectRequests::answer(std::uint64_t id, const direct::Save& save, Fd fd) {
  SaveEndpoint connection = save.connection;
  if (connection.past.connection == 0) connection.past.connection = service_.new_connection_id();
  const Instant moment = now();
  // All or nothing: a client that saves a binding that it may not find is mistaken.
  bool permitted = true;
  save.each_binding([&](const SaveDestination& binding) {
    permitted = permitted && service_.permits(caller_, Action::save, binding.destination, moment);
  });
  if (!permitted) {
    service_.close_unwanted(std::move(fd), caller_.user);
    return deny(id);
  }
  unconfirmed_.reserve();
  const Saved saved = service_.save(caller_, connection, std::move(fd), moment);
  switch (saved) {
    case Saved::full:
      return refuse(id, ErrorCode::full, "the cache is full");
    case Saved::own_client:
      return refuse(id, ErrorCode::refused, "the descriptor is a client connection to this server");
    case Saved::wrong_kind:
      return refuse(id, ErrorCode::refused, "only connected stream sockets and pipes can be saved");
    case Saved::not_closable:
      return refuse(id, ErrorCode::refused, "too many descriptors wait for close(2)");
    case Saved::denied:
      return deny(id);
    case Saved::unread:
      log_.warn(LogKind::unread, moment, "direct: {}: endpoint={}: saved with unread input",
                caller_.policy.source, connection.endpoint);
      break;
    case Saved::yes:
    case Saved::renewed:
    case Saved::retired:
      break;
  }
  const Position place = service_.last_place();
  std::uint64_t bindings = 0;
  save.each_binding([&](const SaveDestination& binding) {
    if (service_.save(caller_, binding, moment) != Saved::full) ++bindings;
  });
  direct::put_saved(stream_.output(), id, {connection.past.connection, bindings});
  if (saved != Saved::retired) unconfirmed_.add(place);
}

void DirectRequests::answer(std::uint64_t id, const FindEndpoint& find) {
  auto claim = service_.find(caller_, find, now());
  if (!claim) return answer_missing(id, claim.error());
  hand_over(id, Service::Lookup::endpoint, std::move(*claim), {});
}

void DirectRequests::answer(std::uint64_t id, const FindDestination& find) {
  auto hit = service_.find(caller_, find, now());
  if (!hit) return answer_missing(id, hit.error());
  hand_over(id, Service::Lookup::destination, std::move(hit->claim), hit->properties);
}

void DirectRequests::answer_missing(std::uint64_t id, NotFound why) {
  if (why == NotFound::denied) return deny(id);
  direct::put_not_found(stream_.output(), id);
}

void DirectRequests::hand_over(std::uint64_t id, Service::Lookup by, Claim claim,
                               std::optional<std::string_view> destination_properties) {
  const ConnectionRecord connection = claim.record();
  const Provenance& from = connection.provenance;
  const Instant moment = now();
  const direct::FoundReply found{.endpoint = connection.endpoint,
                                 .endpoint_properties = connection.properties,
                                 .destination_properties = destination_properties,
                                 .connection = from.id,
                                 .uses = std::uint64_t{from.uses} + 1,
                                 .age = duration_cast<milliseconds>(moment - from.since),
                                 .idle = duration_cast<milliseconds>(moment - from.saved)};
  found_frame_.clear();
  direct::put_found(found_frame_, id, found);
  found_.emplace(id, by, std::move(claim));
}

Flow DirectRequests::send_found() {
  const Charge charge{stream_, service_};
  const Flow flow = stream_.send_descriptor(found_->claim.record().descriptor, found_frame_);
  if (flow.must_wait()) return flow;
  if (flow.moved()) {
    service_.commit(found_->claim, found_->by);
  } else if (flow.error == ETOOMANYREFS) {
    refuse(found_->request, ErrorCode::busy, "too many descriptors are in flight");
  }
  found_.reset();
  if (found_frame_.size() > Stream::kMaxBufferedReplies) found_frame_ = {};
  return flow.error == ETOOMANYREFS ? Flow{} : flow;
}

void DirectRequests::answer(std::uint64_t id, const direct::Bind& bind) {
  const Saved saved = service_.save(caller_, bind.binding, now());
  if (saved == Saved::full) return refuse(id, ErrorCode::full, "the cache is full");
  if (saved == Saved::denied) return deny(id);
  direct::put_bound(stream_.output(), id, {.renewed = saved == Saved::renewed});
}

void DirectRequests::answer(std::uint64_t id, const direct::Drop& drop) {
  const bool is_prefix = drop.what == direct::Drop::What::prefix;
  if (!(is_prefix ? service_.permits(caller_, Action::drop, now())
                  : service_.permits(caller_, Action::drop, drop.name, now()))) {
    return deny(id);
  }
  std::string name{drop.name};
  switch (drop.what) {
    case direct::Drop::What::destination:
      return put_dropped(id, {.bindings = service_.drop_bindings(drop.name)});
    case direct::Drop::What::endpoint:
      return under_way_.add(id,
                            answer_drop(id, drop_endpoint(service_, under_way_, std::move(name))));
    case direct::Drop::What::prefix:
      return under_way_.add(
          id, answer_drop(id, drop_prefix(service_, caller_, under_way_, std::move(name))));
  }
}

Task<> DirectRequests::answer_drop(std::uint64_t id, Task<Dropped> drop) {
  const Dropped dropped = co_await drop;
  put_dropped(id, dropped);
}

void DirectRequests::put_dropped(std::uint64_t id, const Dropped& dropped) {
  log_.detail("dropped: connections={} bindings={}", dropped.connections, dropped.bindings);
  direct::put_dropped(stream_.output(), id, {dropped.connections, dropped.bindings});
}

void DirectRequests::answer(std::uint64_t id, const direct::List& list) {
  if (!list.cursor.empty() && list.cursor.size() != kCursorSize) {
    return refuse(id, ErrorCode::malformed, "list: invalid cursor");
  }
  const std::uint64_t most = std::min<std::uint64_t>(list.limit, kEntriesOfPage);
  const Instant moment = now();
  if (!service_.permits(caller_, Action::list, moment)) return deny(id);
  direct::PageWriter page{stream_.output(), id};
  std::uint64_t count = 0;
  const auto visit = [&](const Cache::Entry& entry) {
    const bool is_connection = std::holds_alternative<ConnectionRecord>(entry);
    const std::uint64_t what = is_connection ? direct::kConnections : direct::kBindings;
    if ((list.what & what) == 0 || !name_of(entry).starts_with(list.prefix) ||
        deadline_of(entry) <= moment) {
      return Cache::Verdict::keep;
    }
    if (count == most || page.size() > kBytesOfPage) return Cache::Verdict::stop;
    page.put(reply_of(entry, moment));
    ++count;
    return Cache::Verdict::keep;
  };
  const auto next =
      service_.walk(caller_, Action::list, place_of(list.cursor), kLookedAtForPage, visit);
  if (!next) return page.end({});
  const auto cursor = cursor_of(*next);
  page.end(std::string_view{cursor.data(), cursor.size()});
}

void DirectRequests::answer(std::uint64_t id, const direct::Statistics&) {
  if (!service_.permits(caller_, Action::statistics, now())) return deny(id);
  direct::StatisticsWriter reply{stream_.output(), id};
  const Snapshot snapshot = service_.snapshot(now());
  for (const Statistic& each : server::statistics()) {
    reply.put(each.name, snapshot.*each.value);
  }
  reply.end();
}

void DirectRequests::answer(std::uint64_t id, const direct::Ping&) {
  direct::put_pong(stream_.output(), id, kServer);
}

void DirectRequests::answer(std::uint64_t id, const direct::Cancel& cancel) {
  const bool was_under_way = under_way_.cancel(cancel.target);
  if (was_under_way) {
    direct::put_error(stream_.output(), cancel.target, {ErrorCode::cancelled, "cancelled"});
  }
  direct::put_cancel_done(stream_.output(), id, {.cancelled = was_under_way});
}

// Service has logged it.
void DirectRequests::deny(std::uint64_t id) {
  direct::put_error(stream_.output(), id, {ErrorCode::denied, kDenied});
}

void DirectRequests::refuse(std::uint64_t id, ErrorCode code, std::string_view text) {
  log_.warn(kind_of(code), now(), "direct: {}: {}: {}", caller_.policy.source,
            direct::name_of(code), text);
  direct::put_error(stream_.output(), id, {code, text});
}

}  // namespace scache::server
