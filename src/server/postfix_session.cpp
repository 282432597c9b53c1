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

// Clients of the direct protocol may save properties with a NUL. In an attribute list the NUL would
// end the value, and the client would read the rest as attributes: such a connection is not found.
bool can_be_told(std::string_view properties) noexcept {
  return !properties.contains('\0');
}

}  // namespace

// ListReader waits for an attribute list. It does not suspend if the input already has the list. A
// session uses it for each message, so it is an awaitable and not a coroutine.
class PostfixSession::ListReader {
 public:
  ListReader(PostfixSession& session, std::string_view wanted) noexcept
      : session_{session}, wanted_{wanted} {}

  bool await_ready() {
    status_ = session_.scan_input(wanted_);
    if (status_ != ListStatus::incomplete) return true;
    sent_ = session_.stream_.send_output();
    if (sent_.moved()) {
      wait_.emplace(session_.more_input(wanted_));
    } else if (sent_.must_wait()) {
      session_.be_busy();
      wait_.emplace(session_.stream_.writable(session_.deadline_));
    }
    return !wait_;
  }
  void await_suspend(std::coroutine_handle<> waiting) { wait_->await_suspend(waiting); }
  ListStatus await_resume() {
    if (status_ != ListStatus::incomplete) return status_;
    if (!wait_) return session_.handle_end(sent_, wanted_);
    if (wait_->await_resume() == Ready::timed_out) {
      return session_.handle_end({Flow::Kind::timed_out, 0}, wanted_);
    }
    return sent_.moved() ? session_.receive(wanted_) : ListStatus::incomplete;
  }

 private:
  PostfixSession& session_;
  std::string_view wanted_;
  ListStatus status_ = ListStatus::incomplete;
  Flow sent_;
  // Empty if there is nothing to wait for.
  std::optional<Watch::Awaiter> wait_;
};

Task<PostfixSession::End> PostfixSession::run() {
  deadline_ = after(stream_.loop().now(), settings_.time_limit);
  if (settings_.announces) postfix_codec::put_greeting(stream_.output());
  for (;;) {
    ListStatus status = ListStatus::incomplete;
    while (status == ListStatus::incomplete) status = co_await read_list(postfix_codec::kRequest);
    if (status == ListStatus::end) co_return End::gone;
    bool goes_on = status != ListStatus::invalid;
    if (status == ListStatus::list) {
      Task<bool> exchange = serve();
      if (!exchange.done()) goes_on = co_await exchange;
    }
    if (stream_.too_much_output() || !goes_on) {
      const Flow flow = co_await stream_.flush(deadline_);
      if (!flow.moved() || !goes_on) co_return End::gone;
    }
    if (is_direct_) co_return End::direct;
    stream_.charge(kWorkOfRequest);
    if (stream_.input().empty()) continue;
    // Buffered input is a new request, with a new time limit.
    deadline_ = after(stream_.loop().now(), settings_.time_limit);
    events_.busy_again();
    if (stream_.turn_is_over()) co_await stream_.others();
  }
}

PostfixSession::ListReader PostfixSession::read_list(std::string_view wanted) noexcept {
  return {*this, wanted};
}

// Looks for a list in the buffered input.
PostfixSession::ListStatus PostfixSession::scan_input(std::string_view wanted) {
  for (;;) {
    switch (reader_.scan(stream_.input(), wanted)) {
      case AttributeReader::Step::need_more:
        return ListStatus::incomplete;
      case AttributeReader::Step::list:
        unexpected_names_ = 0;
        return ListStatus::list;
      case AttributeReader::Step::missing:
        warn(LogKind::malformed, postfix_codec::missing_attribute(wanted, settings_.source));
        drop_list();
        if (++unexpected_names_ >= kMaxUnexpectedNames) break;
        return ListStatus::unexpected;
      case AttributeReader::Step::unexpected_name:
        warn(LogKind::malformed,
             postfix_codec::unexpected_attribute(reader_.string(0), settings_.source, wanted));
        drop_list();
        if (++unexpected_names_ >= kMaxUnexpectedNames) break;
        if (wanted == postfix_codec::kRequest) continue;
        return ListStatus::unexpected;
      case AttributeReader::Step::too_long:
        log_.warn(LogKind::session, stream_.loop().now(),
                  "a request from {} is longer than {} bytes", settings_.source,
                  settings_.limits.list);
        return ListStatus::invalid;
    }
    log_.warn(LogKind::session, stream_.loop().now(),
              "{} consecutive attributes from {} without a request", unexpected_names_,
              settings_.source);
    return ListStatus::invalid;
  }
}

// There is no time limit between requests, after the client has read its replies.
Watch::Awaiter PostfixSession::more_input(std::string_view wanted) {
  if (wanted != postfix_codec::kRequest || !stream_.input().empty()) {
    return stream_.readable(deadline_);
  }
  if (!std::exchange(idle_, true)) events_.idle();
  return stream_.readable(kNever);
}

PostfixSession::ListStatus PostfixSession::receive(std::string_view wanted) {
  const Flow flow = stream_.receive_input();
  if (flow.must_wait()) return ListStatus::incomplete;
  if (std::exchange(idle_, false)) {
    if (flow.moved()) events_.busy();
    deadline_ = after(stream_.loop().now(), settings_.time_limit);
  }
  return flow.moved() ? scan_input(wanted) : handle_end(flow, wanted);
}

void PostfixSession::drop_list() noexcept {
  stream_.consume(reader_.consumed());
  reader_.done();
}

// Logs the defects of a list that the client has not finished.
PostfixSession::ListStatus PostfixSession::handle_end(Flow flow, std::string_view wanted) {
  reason_ = flow.reason();
  if (stream_.input().empty()) return ListStatus::end;
  const bool has_request = wanted == postfix_codec::kRequest && reader_.past_wanted();
  if (has_request) {
    // The buffer may have moved since the last scan.
    reader_.scan(stream_.input(), wanted);
    const auto defects = postfix_codec::defects(reader_, settings_.source);
    for (const std::string& defect : defects) warn(LogKind::unfinished, defect);
    if (!defects.empty()) return ListStatus::end;
  }
  const auto how = flow.kind == Flow::Kind::timed_out ? postfix_codec::Break::timeout
                                                      : postfix_codec::Break::end;
  if (const auto text = postfix_codec::broken_off(reader_, settings_.source, how)) {
    warn(LogKind::unfinished, *text);
  }
  if (has_request) {
    const auto kind = postfix_codec::kind_of(reader_.string(0));
    if (kind) warn(LogKind::unfinished, postfix_codec::bad_parameter(*kind));
  }
  return ListStatus::end;
}

Task<bool> PostfixSession::serve() {
  if (reader_.string(0) == direct::kDirect) {
    answer_wish();
    return {};
  }
  const postfix_codec::Decoded decoded =
      postfix_codec::decode(reader_, settings_.limits, settings_.source);
  // The bytes stay valid until the next receive.
  drop_list();
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
  if (const auto* wanted = std::get_if<FindEndpoint>(&request)) {
    std::optional<Claim> claim = service_.find(*wanted, now);
    if (claim && can_be_told(claim->properties())) {
      postfix_codec::put_endpoint_hit(stream_.output(), claim->properties());
      return claim;
    }
  } else if (const auto* look = std::get_if<FindDestination>(&request)) {
    std::optional<Cache::DestinationHit> hit = service_.find(*look, now);
    if (hit && can_be_told(hit->properties) && can_be_told(hit->claim.properties())) {
      postfix_codec::put_destination_hit(stream_.output(), hit->properties,
                                         hit->claim.properties());
      return std::move(hit->claim);
    }
  }
  postfix_codec::put_refusal(stream_.output(), kind, Status::fail);
  return std::nullopt;
}

// Answers a request for the direct protocol.
void PostfixSession::answer_wish() {
  const auto version = direct::agreed_version(reader_);
  drop_list();
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
  Stream::Descriptor received = co_await stream_.receive_descriptor(deadline_);
  if (!received.fd) {
    warn_of_descriptor(Kind::save_endpoint, "unable to receive", received.flow.reason());
    postfix_codec::put_status(stream_.output(), Status::fail);
    co_return received.flow.moved();
  }
  request.owner = owner_;
  unconfirmed_.reserve();
  const Charge charge{stream_, service_};
  const Saved saved = service_.save(request, std::move(received.fd), stream_.loop().now());
  switch (saved) {
    case Saved::yes:
    case Saved::renewed:
      postfix_codec::put_status(stream_.output(), Status::ok);
      unconfirmed_.add(service_.last_place());
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
  }
  co_return true;
}

void PostfixSession::save_destination(const SaveDestination& request) {
  const Charge charge{stream_, service_};
  if (service_.save(request, stream_.loop().now()) == Saved::full) {
    refuse(Kind::save_destination, "the cache is full");
  } else {
    postfix_codec::put_status(stream_.output(), Status::ok);
  }
}

// Sends the connection to the client, or returns it to its place in the cache.
Task<bool> PostfixSession::hand_over(Kind kind, Claim claim) {
  ListStatus ready = ListStatus::incomplete;
  while (ready == ListStatus::incomplete) ready = co_await read_list(postfix_codec::kDummy);
  if (ready != ListStatus::list) {
    warn_of_descriptor(kind, "cannot send", ready == ListStatus::end ? reason_ : 0);
    co_return ready == ListStatus::unexpected;
  }
  drop_list();

  Flow sent = stream_.send_descriptor(claim.descriptor());
  while (sent.must_wait()) {
    const Ready room = co_await stream_.writable(deadline_);
    sent = room == Ready::timed_out ? Flow{Flow::Kind::timed_out, 0}
                                    : stream_.send_descriptor(claim.descriptor());
  }
  if (!sent.moved()) {
    warn_of_descriptor(kind, "cannot send", sent.reason());
    co_return false;
  }
  service_.commit(claim, kind == Kind::find_endpoint ? Service::Lookup::endpoint
                                                     : Service::Lookup::destination);

  ListStatus taken = ListStatus::incomplete;
  while (taken == ListStatus::incomplete) taken = co_await read_list(postfix_codec::kDummy);
  if (taken != ListStatus::list) {
    warn_of_descriptor(kind, "cannot send", taken == ListStatus::end ? reason_ : 0);
    co_return taken == ListStatus::unexpected;
  }
  drop_list();
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
