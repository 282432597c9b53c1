// SPDX-License-Identifier: Apache-2.0
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

// Stream is a channel after its handshake. Each call has a stream of its own.
struct Stream {
  Channel channel;
  // Whether it uses the direct protocol, not the Postfix protocol.
  bool direct = false;
  RequestId last_request = 0;
  // Whether it served an earlier call: the server may have closed it in the meantime.
  bool was_idle = false;
  // Whether this call has sent a descriptor.
  bool given = false;
};

// StreamPool opens streams to one server and keeps idle ones for later calls. Thread-safe.
class StreamPool {
 public:
  // The maximum of idle_streams: the server limits its clients.
  static constexpr std::size_t kMaxIdle = 256;

  StreamPool(std::string path, Protocol protocol, std::size_t most_idle);
  ~StreamPool();
  StreamPool(const StreamPool&) = delete;
  StreamPool& operator=(const StreamPool&) = delete;

  // Returns an idle stream, or a new one. With `fresh` it closes all idle streams, since the server
  // has closed one of them, and opens a new one.
  Result<std::unique_ptr<Stream>> take(bool fresh, Instant deadline);
  // Keeps the stream if it is in step and the pool has room.
  void give_back(std::unique_ptr<Stream> stream) noexcept;

 private:
  Result<std::unique_ptr<Stream>> open(Instant deadline);
  std::unique_ptr<Stream> take_idle();

  const std::string path_;
  const Protocol protocol_;
  // Whether the server has refused the direct protocol. It is asked once, because Postfix's server
  // logs a warning each time.
  std::atomic<bool> refused_{false};
  // Idle streams, each owned by its place, and empty places. There is no mutex: a child of fork()
  // could inherit it locked by a thread that does not exist in the child.
  std::vector<std::atomic<Stream*>> idle_;
};

}  // namespace scache::client
