#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <scache/client.hpp>
#include <scache/result.hpp>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "client/channel.hpp"
#include "client/direct_messages.hpp"

namespace scache::client {

// Stream is a channel past its handshake. A call has one to itself.
struct Stream {
  Channel channel;
  // Whether it is spoken to in frames, and not in Postfix's way.
  bool direct = false;
  RequestId last_request = 0;
  // Whether it has served before, so that the server may have ended it meanwhile.
  bool was_idle = false;
  // Whether the server may have got a connection in this call.
  bool given = false;
};

// StreamPool opens streams to one server and keeps some for the next calls. Many threads may use
// it.
class StreamPool {
 public:
  // As many streams wait as anybody wishes, up to this: a server's clients are limited.
  static constexpr std::size_t kMaxIdle = 256;

  StreamPool(std::string path, Protocol protocol, std::size_t most_idle);
  ~StreamPool();
  StreamPool(const StreamPool&) = delete;
  StreamPool& operator=(const StreamPool&) = delete;

  // A stream that waits, or a new one; only a new one where `anew`, and what waits is given up: it
  // was opened before one that the server has ended.
  Result<std::unique_ptr<Stream>> take(bool anew, Instant deadline);
  // Keeps it where it is in step and there is room.
  void give_back(std::unique_ptr<Stream> stream) noexcept;

 private:
  Result<std::unique_ptr<Stream>> open(Instant deadline);
  std::unique_ptr<Stream> take_idle();

  const std::string path_;
  const Protocol protocol_;
  // Its answer to the wish for the direct protocol; Postfix's server logs a warning each time.
  std::atomic<bool> refused_{false};
  // Those that wait, each owned by its place, and empty places. There is no lock that a child of
  // fork() could find taken by a thread that it does not have.
  std::vector<std::atomic<Stream*>> idle_;
};

}  // namespace scache::client
