#pragma once

#include <cstddef>
#include <cstdint>

#include "io/inbox.hpp"
#include "wire/attribute_reader.hpp"
#include "wire/limits.hpp"

namespace scache::client {

// Handshake is how a stream begins: the server's greeting, and where the direct protocol is wished
// for, the wish and its answer. Pure: the caller receives and sends.
class Handshake {
 public:
  enum class Step : std::uint8_t {
    // Nothing can be said before more has come.
    need_more,
    // The greeting was read: now say the wish (direct::put_wish()), or talk in Postfix's way.
    greeted,
    // The answer was read: talk in frames, or in Postfix's way.
    direct,
    refused,
    // Something else was said.
    bad,
  };

  // Reads on; consumes what it has understood.
  Step step(Inbox& inbox);

 private:
  AttributeReader reader_{WireLimits{}.list};
  bool greeted_ = false;
};

}  // namespace scache::client
