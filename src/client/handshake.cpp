// SPDX-License-Identifier: Apache-2.0
#include "client/handshake.hpp"

#include "client/direct_messages.hpp"
#include "wire/direct_handshake.hpp"

namespace scache::client {

Handshake::Step Handshake::step(Inbox& inbox) {
  using Found = AttributeReader::Step;
  const Found found = reader_.scan(inbox.bytes(), greeted_ ? "status" : "protocol");
  if (found == Found::need_more) return Step::need_more;
  if (found != Found::list || (!greeted_ && reader_.string(0) != "connection_cache_protocol")) {
    error_ = {ErrorCode::protocol,
              "The socket belongs to another program: the greeting is not that of a connection "
              "cache."};
    return Step::failed;
  }
  if (!greeted_) {
    if (const auto denial = direct::denial_in(reader_)) {
      error_ = library_error(*denial);
      return Step::failed;
    }
  }
  Step step = Step::greeted;
  if (greeted_) {
    step = direct::version_of_answer(reader_) ? Step::direct : Step::refused;
  }
  greeted_ = true;
  inbox.consume(reader_.consumed());
  reader_.done();
  return step;
}

}  // namespace scache::client
