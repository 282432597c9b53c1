// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "io/inbox.hpp"
#include "wire/attribute_reader.hpp"
#include "wire/limits.hpp"

namespace scache::client {

// Handshake is the start of a stream: the server's greeting, and, if the client asks for the direct
// protocol, the answer to that. Pure: the caller receives and sends.
class Handshake {
 public:
  enum class Step : std::uint8_t {
    // More input is needed.
    need_more,
    // The greeting is complete. Ask for the direct protocol (direct::put_wish()), or continue in
    // the Postfix protocol.
    greeted,
    // The server has agreed to the direct protocol, or continues in the Postfix protocol.
    direct,
    refused,
    // The peer is not a connection cache.
    bad,
  };

  // Continues with the input, and consumes the complete messages.
  Step step(Inbox& inbox);

 private:
  AttributeReader reader_{WireLimits{}.list};
  bool greeted_ = false;
};

}  // namespace scache::client
