// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <scache/result.hpp>

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
    // The handshake has failed: see error().
    failed,
  };

  // Continues with the input, and consumes the complete messages.
  Step step(Inbox& inbox);
  // After `failed`: the server does not serve this client, or the peer is not a connection cache.
  const Error& error() const noexcept { return error_; }

 private:
  Step read_greeting();
  Step read_answer() const;

  AttributeReader reader_{WireLimits{}.list};
  bool greeted_ = false;
  Error error_{ErrorCode::protocol,
               "The socket belongs to another program: the greeting is not that of a connection "
               "cache."};
};

}  // namespace scache::client
