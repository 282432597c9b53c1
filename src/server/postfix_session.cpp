// SPDX-License-Identifier: Apache-2.0
#include "server/postfix_session.hpp"

#include <cstring>
#include <utility>

#include "server/charge.hpp"
#include "wire/direct_handshake.hpp"

// The exchanges, as a client sees them ("->" is sent by the client):
//
//   on accept     <- protocol
//   save_endp     -> request  <- dummy  -> one byte with the descriptor  <- status
//   save_dest     -> request  <- status
//   find miss     -> request  <- status and empty properties
//   find hit      -> request  <- status and properties  -> dummy
//                             <- one byte with the descriptor  -> dummy
//
// A client may send ahead. Its last dummy often comes together with its next request.

namespace scache::server {

using postfix_codec::Status;

namespace {

// The text for an errno in the stock server's log lines, which has "Application error" for 0.
const char* words_of(int error) noexcept {
  const char* words = error == 0 ? nullptr : ::strerrordesc_np(error);
  return words == nullptr ? "Application error" : words;
}

Status status_of(NotFound why) noexcept {
  return why == NotFound::denied ? Status::bad : Status::fail;
}

// Clients of the direct protocol may save properties with a NUL. In an attribute list the NUL would
// end the value, and the client would read the rest as attributes: such a connection is not found.
bool can_be_told(std::string_view properties) noexcept {
  return !properties.contains('\0');
}

}  // namespace

Task<PostfixSession::End> PostfixSession::run() {
  reader_.start_time_limit();
  if (policy_.announces) postfix_codec::put_greeting(stream_.output());
  for (;;) {
    PostfixReader::Status status = PostfixReader::Status::incomplete;
    while (status == PostfixReader::Status::incomplete)
      status = co_await reader_.read_list(postfix_codec::kRequest);
    if (status == PostfixReader::Status::end) co_return End::gone;
    bool goes_on = status != PostfixReader::Status::invalid;
    if (status == PostfixReader::Status::list) {
      Task<bool> exchange = serve();
      if (!exchange.done()) goes_on = co_await exchange;
    }
    if (stream_.too_much_output() || !goes_on) {
      const Flow flow = co_await stream_.flush(reader_.deadline());
      if (!flow.moved() || !goes_on) co_return End::gone;
    }
    if (is_direct_) co_return End::direct;
    stream_.charge(kWorkOfRequest);
    if (stream_.input().empty()) continue;
    // Buffered input is a new request, with a new time limit.
    reader_.start_time_limit();
    events_.busy_again();
    if (stream_.turn_is_over()) co_await stream_.others();
  }
}

Task<bool> PostfixSession::serve() {
  if (reader_.list().string(0) == direct::kDirect) {
    answer_wish();
    return {};
  }
  const postfix_codec::Decoded decoded =
      postfix_codec::decode(reader_.list(), policy_.limits, policy_.source);
  // The bytes stay valid until the next receive.
  reader_.drop_list();
  for (const std::string& warning : decoded.warnings) warn(LogKind::malformed, warning);
  if (!decoded.request) {
    postfix_codec::put_refusal(stream_.output(), decoded.kind, Status::bad);
    return {};
  }

  return answer(*decoded.kind, *decoded.request);
}

Task<bool> PostfixSession::answer(Kind kind, const Request& request) {
  if (const auto* save = std::get_if<SaveEndpoint>(&request)) {
    return save_endpoint(*save);
  }
  if (const auto* save = std::get_if<SaveDestination>(&request)) {
    save_destination(*save);
    return {};
  }
  std::optional<Claim> claim = find(kind, request);
  if (!claim) return {};
  return hand_over(kind, std::move(*claim));
}

// Looks for a connection, and replies.
std::optional<Claim> PostfixSession::find(Kind kind, const Request& request) {
  const Charge charge{stream_, service_};
  const Instant now = stream_.loop().now();
  // A miss.
  Status status = Status::fail;
  if (const auto* wanted = std::get_if<FindEndpoint>(&request)) {
    auto claim = service_.find(caller_, *wanted, now);
    if (!claim) status = status_of(claim.error());
    if (claim && can_be_told(claim->record().properties)) {
      postfix_codec::put_endpoint_hit(stream_.output(), claim->record().properties);
      return std::move(*claim);
    }
  } else if (const auto* look = std::get_if<FindDestination>(&request)) {
    auto hit = service_.find(caller_, *look, now);
    if (!hit) status = status_of(hit.error());
    if (hit && can_be_told(hit->properties) && can_be_told(hit->claim.record().properties)) {
      postfix_codec::put_destination_hit(stream_.output(), hit->properties,
                                         hit->claim.record().properties);
      return std::move(hit->claim);
    }
  }
  postfix_codec::put_refusal(stream_.output(), kind, status);
  return std::nullopt;
}

// Answers a request for the direct protocol.
void PostfixSession::answer_wish() {
  const auto version = direct::agreed_version(reader_.list());
  reader_.drop_list();
  if (version) {
    log_.detail("direct version={}", *version);
    direct::put_agreement(stream_.output(), *version);
    is_direct_ = true;
  } else {
    warn(LogKind::malformed, "direct: bad or missing version");
    postfix_codec::put_refusal(stream_.output(), std::nullopt, Status::bad);
  }
}

Task<bool> PostfixSession::save_endpoint(SaveEndpoint request) {
  postfix_codec::put_dummy(stream_.output());
  Stream::Descriptor received = co_await stream_.receive_descriptor(reader_.deadline());
  if (!received.fd) {
    warn_of_descriptor(Kind::save_endpoint, "unable to receive", received.flow.reason());
    postfix_codec::put_status(stream_.output(), Status::fail);
    co_return received.flow.moved();
  }
  unconfirmed_.reserve();
  const Charge charge{stream_, service_};
  const Saved saved = service_.save(caller_, request, std::move(received.fd), stream_.loop().now());
  switch (saved) {
    case Saved::yes:
    case Saved::renewed:
    case Saved::unread:
      postfix_codec::put_status(stream_.output(), Status::ok);
      unconfirmed_.add(service_.last_place());
      break;
    case Saved::retired:
      postfix_codec::put_status(stream_.output(), Status::ok);
      break;
    case Saved::full:
      refuse(Kind::save_endpoint, "the cache is full");
      break;
    case Saved::own_client:
      refuse(Kind::save_endpoint, "the descriptor is a client connection to this server");
      break;
    case Saved::wrong_kind:
      refuse(Kind::save_endpoint, "the descriptor is neither a connected stream socket nor a pipe");
      break;
    case Saved::not_closable:
      refuse(Kind::save_endpoint, "too many descriptors wait for close(2)");
      break;
    case Saved::denied:
      postfix_codec::put_status(stream_.output(), Status::fail);
      break;
  }
  co_return true;
}

void PostfixSession::save_destination(const SaveDestination& request) {
  const Charge charge{stream_, service_};
  switch (service_.save(caller_, request, stream_.loop().now())) {
    case Saved::full:
      return refuse(Kind::save_destination, "the cache is full");
    case Saved::denied:
      return postfix_codec::put_status(stream_.output(), Status::fail);
    default:
      return postfix_codec::put_status(stream_.output(), Status::ok);
  }
}

// Sends the connection to the client, or returns it to its place in the cache.
Task<bool> PostfixSession::hand_over(Kind kind, Claim claim) {
  PostfixReader::Status ready = PostfixReader::Status::incomplete;
  while (ready == PostfixReader::Status::incomplete)
    ready = co_await reader_.read_list(postfix_codec::kDummy);
  if (ready != PostfixReader::Status::list) {
    warn_of_descriptor(kind, "cannot send",
                       ready == PostfixReader::Status::end ? reader_.error() : 0);
    co_return ready == PostfixReader::Status::unexpected;
  }
  reader_.drop_list();

  Flow sent = stream_.send_descriptor(claim.record().descriptor);
  while (sent.must_wait()) {
    const Ready room = co_await stream_.writable(reader_.deadline());
    sent = room == Ready::timed_out ? Flow{Flow::Kind::timed_out, 0}
                                    : stream_.send_descriptor(claim.record().descriptor);
  }
  if (!sent.moved()) {
    warn_of_descriptor(kind, "cannot send", sent.reason());
    co_return false;
  }
  service_.commit(claim, kind == Kind::find_endpoint ? Service::Lookup::endpoint
                                                     : Service::Lookup::destination);

  PostfixReader::Status taken = PostfixReader::Status::incomplete;
  while (taken == PostfixReader::Status::incomplete)
    taken = co_await reader_.read_list(postfix_codec::kDummy);
  if (taken != PostfixReader::Status::list) {
    warn_of_descriptor(kind, "cannot send",
                       taken == PostfixReader::Status::end ? reader_.error() : 0);
    co_return taken == PostfixReader::Status::unexpected;
  }
  reader_.drop_list();
  co_return true;
}

void PostfixSession::refuse(Kind kind, std::string_view why) {
  log_.warn(LogKind::refused, stream_.loop().now(), "{}: not saved: {}",
            postfix_codec::service_name(kind), why);
  postfix_codec::put_status(stream_.output(), Status::fail);
}

void PostfixSession::warn_of_descriptor(Kind kind, std::string_view what, int error) {
  log_.warn(LogKind::transfer, stream_.loop().now(), "{}: {} file descriptor: {}",
            postfix_codec::service_name(kind), what, words_of(error));
}

}  // namespace scache::server
