// SPDX-License-Identifier: Apache-2.0
#include "client/handshake.hpp"

#include "client/direct_messages.hpp"
#include "wire/direct_handshake.hpp"

namespace scache::client {

Handshake::Step Handshake::step(Inbox& inbox) {
  using Found = AttributeReader::Step;
  const Found found = reader_.scan(inbox.bytes(), greeted_ ? "status" : "protocol");
  if (found == Found::need_more) return Step::need_more;
  Step step = Step::failed;
  if (found == Found::list) step = greeted_ ? read_answer() : read_greeting();
  if (step == Step::failed) return step;
  greeted_ = true;
  inbox.consume(reader_.consumed());
  reader_.done();
  return step;
}

Handshake::Step Handshake::read_greeting() {
  if (reader_.string(0) != "connection_cache_protocol") return Step::failed;
  const auto denial = direct::denial_in(reader_);
  if (!denial) return Step::greeted;
  error_ = library_error(*denial);
  return Step::failed;
}

Handshake::Step Handshake::read_answer() const {
  return direct::version_of_answer(reader_) ? Step::direct : Step::refused;
}

}  // namespace scache::client
