// SPDX-License-Identifier: Apache-2.0
#include "health/prober.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/descriptor_kind.hpp"
#include "base/fd.hpp"
#include "io/descriptor.hpp"

namespace scache::health {

Prober::Prober(Loop& loop, Closer& closer, ProbeKeeper& keeper, Log& log)
    : loop_{loop}, closer_{closer}, keeper_{keeper}, log_{log}, timer_{loop, [this] { run(); }} {
  for (std::uint32_t i = 0; i < kProbes; ++i) free_.push_back(probings_.emplace_back(*this, i));
}

Prober::~Prober() {
  while (!taken_.empty()) finish(taken_.front(), &Claim::discard);
  schedule_.clear();
  if (answers_ != nullptr) loop_.unwatch(answers_->descriptor(), receiver_);
}

void Prober::connection_saved(const ConnectionRecord& connection) noexcept {
  schedule(connection);
}
void Prober::connection_claimed(const ConnectionRecord& connection) noexcept {
  forget(connection);
}
void Prober::connection_returned(const ConnectionRecord& connection) noexcept {
  schedule(connection);
}
void Prober::connection_left(const ConnectionRecord& connection, Departure) noexcept {
  forget(connection);
}

void Prober::schedule(const ConnectionRecord& connection) noexcept {
  if (!is_socket(connection.provenance.kind)) return;
  const Probe* const probe = keeper_.probe_for(connection.endpoint);
  if (probe == nullptr) return;
  const Instant due = after(loop_.now(), probe->idle);
  if (due >= connection.deadline) return;
  const auto number = static_cast<std::size_t>(connection.descriptor);
  try {
    if (number >= slots_.size()) slots_.resize(number + 1);
  } catch (const std::exception&) {
    return;
  }
  Slot& slot = slots_[number];
  slot.place = connection.place;
  slot.due = due;
  slot.user = connection.provenance.owner;
  schedule_.insert(slot);
  if (due < timer_.deadline()) set_timer();
}

void Prober::forget(const ConnectionRecord& connection) noexcept {
  const auto number = static_cast<std::size_t>(connection.descriptor);
  if (number >= slots_.size()) return;
  Slot& slot = slots_[number];
  if (slot.is_linked()) schedule_.erase(schedule_.iterator_to(slot));
}

void Prober::set_timer() noexcept {
  const bool waits = schedule_.empty() || free_.empty();
  timer_.set(waits ? kNever : schedule_.begin()->due);
}

void Prober::run() noexcept {
  const Instant now = loop_.now();
  for (std::size_t begun = 0; begun < kBegunOfTurn && !free_.empty(); ++begun) {
    if (schedule_.empty() || schedule_.begin()->due > now) break;
    Slot& slot = *schedule_.begin();
    if (!may_begin(slot)) {
      schedule_.erase(schedule_.iterator_to(slot));
      slot.due = after(now, kRetry);
      schedule_.insert(slot);
      continue;
    }
    // The observer takes the slot from the schedule.
    std::optional<Claim> claim = keeper_.claim(slot.place);
    if (!claim) {
      schedule_.erase(schedule_.iterator_to(slot));
      continue;
    }
    // Without memory the connection returns to the cache.
    try {
      begin(*std::move(claim));
    } catch (const std::exception&) {
    }
  }
  set_timer();
}

bool Prober::may_begin(const Slot& slot) const noexcept {
  if (!closer_.may_send(slot.user)) return false;
  const std::optional<ConnectionRecord> connection = keeper_.connection_at(slot.place);
  if (!connection) return true;
  const std::string_view endpoint = connection->endpoint;
  const std::ptrdiff_t probed = std::ranges::count_if(
      taken_, [&](const Probing& probing) { return probing.claim->record().endpoint == endpoint; });
  return probed == 0 || std::cmp_less(probed + 1, keeper_.idle_connections(endpoint));
}

void Prober::begin(Claim claim) {
  const ConnectionRecord connection = claim.record();
  const Probe* const probe = keeper_.probe_for(connection.endpoint);
  if (probe == nullptr) return;
  switch (state_of(connection.descriptor, connection.provenance.kind)) {
    case SocketState::over:
      return claim.discard();
    case SocketState::has_input:
      // The input is allowed. It would be taken for the answer.
      return;
    case SocketState::quiet:
      break;
  }
  if (answers_ == nullptr) {
    auto answers = std::make_shared<Answers>();
    if (loop_.watch(answers->descriptor(), kInputEvents, receiver_) != 0) return;
    answers_ = std::move(answers);
  }
  Fd copy = duplicate(connection.descriptor);
  if (!copy) return;
  Probing& probing = free_.front();
  probing.probe = *probe;
  probing.answer.clear();
  probing.user = connection.provenance.owner;
  std::string request = probe->send;
  probing.claim.emplace(std::move(claim));
  free_.pop_front();
  taken_.push_back(probing);
  ++count_;
  loop_.set_deadline(probing, after(loop_.now(), kSendLimit));
  closer_.request_and_close(std::move(copy), std::move(request), probing.user, answers_,
                            key_of(probing));
}

bool Prober::await(Probing& probing) noexcept {
  return loop_.watch(probing.claim->record().descriptor, kInputEvents | kEndEvents, probing) == 0;
}

void Prober::woken(Probing& probing, bool timed_out) noexcept {
  if (timed_out) return end(probing, Result::no_answer);
  const int descriptor = probing.claim->record().descriptor;
  loop_.unwatch(descriptor, probing);
  Fd copy = duplicate(descriptor);
  if (!copy) return end(probing, Result::no_answer);
  closer_.receive_and_close(std::move(copy), probing.user, answers_, key_of(probing));
}

void Prober::take_answers() noexcept {
  for (const Answers::Answer& answer : answers_->take()) {
    const auto number = static_cast<std::size_t>(answer.key >> 32);
    Probing& probing = probings_[number];
    if (!probing.claim || key_of(probing) != answer.key) continue;
    try {
      take_answer(probing, answer);
    } catch (const std::exception&) {
      end(probing, Result::no_answer);
    }
  }
}

void Prober::take_answer(Probing& probing, const Answers::Answer& answer) {
  switch (answer.kind) {
    case Answers::Kind::sent:
      loop_.set_deadline(probing, after(loop_.now(), probing.probe.wait));
      if (!await(probing)) end(probing, Result::no_answer);
      break;
    case Answers::Kind::has_input:
      finish(probing);
      set_timer();
      break;
    case Answers::Kind::not_sent:
      end(probing, Result::no_answer);
      break;
    case Answers::Kind::received:
    case Answers::Kind::ended:
      take_bytes(probing, answer);
      break;
  }
}

void Prober::take_bytes(Probing& probing, const Answers::Answer& answer) {
  probing.answer += answer.bytes;
  const Probe::Match match = probing.probe.match(probing.answer);
  if (match == Probe::Match::no) return end(probing, Result::wrong_answer);
  if (answer.kind == Answers::Kind::ended) return end(probing, Result::no_answer);
  if (match == Probe::Match::yes) return end(probing, Result::passed);
  if (!await(probing)) end(probing, Result::no_answer);
}

void Prober::end(Probing& probing, Result result) noexcept {
  if (result != Result::passed) {
    log_.warn(LogKind::probe, loop_.now(), "a probe has failed: endpoint={}: {}",
              probing.claim->record().endpoint,
              result == Result::no_answer ? "no answer" : "wrong answer");
  }
  keeper_.count_probe(result);
  finish(probing, result == Result::passed ? nullptr : &Claim::discard);
  set_timer();
}

void Prober::finish(Probing& probing, void (Claim::*how)() noexcept) noexcept {
  // Before the close: another process may have a copy of the descriptor.
  loop_.unwatch(probing.claim->record().descriptor, probing);
  loop_.set_deadline(probing, kNever);
  Loop::forget(probing);
  taken_.erase(taken_.iterator_to(probing));
  free_.push_front(probing);
  --count_;
  ++probing.turn;
  if (how != nullptr) ((*probing.claim).*how)();
  probing.claim.reset();
}

}  // namespace scache::health
