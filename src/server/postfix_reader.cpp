// SPDX-License-Identifier: Apache-2.0
#include "server/postfix_reader.hpp"

#include "wire/postfix_codec.hpp"

namespace scache::server {

bool PostfixReader::Awaiter::await_ready() {
  status_ = reader_.scan_input(wanted_);
  if (status_ != Status::incomplete) return true;
  sent_ = reader_.stream_.send_output();
  if (sent_.moved()) {
    wait_.emplace(reader_.more_input(wanted_));
  } else if (sent_.must_wait()) {
    reader_.be_busy();
    wait_.emplace(reader_.stream_.writable(reader_.deadline_));
  }
  return !wait_;
}

PostfixReader::Status PostfixReader::Awaiter::await_resume() {
  if (status_ != Status::incomplete) return status_;
  if (!wait_) return reader_.handle_end(sent_, wanted_);
  if (wait_->await_resume() == Ready::timed_out) {
    return reader_.handle_end({Flow::Kind::timed_out, 0}, wanted_);
  }
  return sent_.moved() ? reader_.receive(wanted_) : Status::incomplete;
}

// Looks for a list in the buffered input.
PostfixReader::Status PostfixReader::scan_input(std::string_view wanted) {
  for (;;) {
    switch (reader_.scan(stream_.input(), wanted)) {
      case AttributeReader::Step::need_more:
        return Status::incomplete;
      case AttributeReader::Step::list:
        unexpected_names_ = 0;
        return Status::list;
      case AttributeReader::Step::missing:
        warn(LogKind::malformed, postfix_codec::missing_attribute(wanted, policy_.source));
        drop_list();
        if (++unexpected_names_ >= kMaxUnexpectedNames) break;
        return Status::unexpected;
      case AttributeReader::Step::unexpected_name:
        warn(LogKind::malformed,
             postfix_codec::unexpected_attribute(reader_.string(0), policy_.source, wanted));
        drop_list();
        if (++unexpected_names_ >= kMaxUnexpectedNames) break;
        if (wanted == postfix_codec::kRequest) continue;
        return Status::unexpected;
      case AttributeReader::Step::too_long:
        log_.warn(LogKind::session, stream_.loop().now(),
                  "a request from {} is longer than {} bytes", policy_.source, policy_.limits.list);
        return Status::invalid;
    }
    log_.warn(LogKind::session, stream_.loop().now(),
              "{} consecutive attributes from {} without a request", unexpected_names_,
              policy_.source);
    return Status::invalid;
  }
}

// There is no time limit between requests, after the client has read its replies.
Watch::Awaiter PostfixReader::more_input(std::string_view wanted) {
  if (wanted != postfix_codec::kRequest || !stream_.input().empty()) {
    return stream_.readable(deadline_);
  }
  if (!std::exchange(idle_, true)) events_.idle();
  return stream_.readable(kNever);
}

PostfixReader::Status PostfixReader::receive(std::string_view wanted) {
  const Flow flow = stream_.receive_input();
  if (flow.must_wait()) return Status::incomplete;
  if (std::exchange(idle_, false)) {
    if (flow.moved()) events_.busy();
    deadline_ = after(stream_.loop().now(), policy_.time_limit);
  }
  return flow.moved() ? scan_input(wanted) : handle_end(flow, wanted);
}

void PostfixReader::drop_list() noexcept {
  stream_.consume(reader_.consumed());
  reader_.done();
}

// Logs the defects of a list that the client has not finished.
PostfixReader::Status PostfixReader::handle_end(Flow flow, std::string_view wanted) {
  error_ = flow.reason();
  if (stream_.input().empty()) return Status::end;
  const bool has_request = wanted == postfix_codec::kRequest && reader_.past_wanted();
  if (has_request) {
    // The buffer may have moved since the last scan.
    reader_.scan(stream_.input(), wanted);
    const auto defects = postfix_codec::defects(reader_, policy_.source);
    for (const std::string& defect : defects) warn(LogKind::unfinished, defect);
    if (!defects.empty()) return Status::end;
  }
  const auto how = flow.kind == Flow::Kind::timed_out ? postfix_codec::Break::timeout
                                                      : postfix_codec::Break::end;
  if (const auto text = postfix_codec::broken_off(reader_, policy_.source, how)) {
    warn(LogKind::unfinished, *text);
  }
  if (has_request) {
    const auto kind = postfix_codec::kind_of(reader_.string(0));
    if (kind) warn(LogKind::unfinished, postfix_codec::bad_parameter(*kind));
  }
  return Status::end;
}

}  // namespace scache::server
