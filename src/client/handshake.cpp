// SPDX-License-Identifier: Apache-2.0
#include "client/handshake.hpp"

#include "wire/direct_handshake.hpp"

namespace scache::client {

Handshake::Step Handshake::step(Inbox& inbox) {
  using Found = AttributeReader::Step;
  const Found found = reader_.scan(inbox.bytes(), greeted_ ? "status" : "protocol");
  if (found == Found::need_more) return Step::need_more;
  if (found != Found::list) return Step::bad;
  Step step = Step::greeted;
  if (greeted_) {
    step = direct::version_of_answer(reader_) ? Step::direct : Step::refused;
  } else if (reader_.string(0) != "connection_cache_protocol") {
    return Step::bad;
  }
  greeted_ = true;
  inbox.consume(reader_.consumed());
  reader_.done();
  return step;
}

}  // namespace scache::client
