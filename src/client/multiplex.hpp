// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <scache/async_client.hpp>
#include <string>

#include "client/channel.hpp"
#include "client/direct_messages.hpp"
#include "client/fork_guard.hpp"
#include "client/handshake.hpp"

namespace scache::client {

// Multiplex implements AsyncClient: it pipelines requests on one channel and never blocks. Requests
// are queued until the stream is open and has room; the id of a reply identifies its request.
class Multiplex {
 public:
  using Outcome = AsyncClient::Outcome;

  // The size of a batch of frames, after which no frame is added.
  static constexpr std::size_t kMaxGathered = 65'536;

  explicit Multiplex(std::string path) : path_{std::move(path)} {}

  RequestId next_id() noexcept { return ++last_id_; }
  // Queues a request, or ends it at once if `frame` is an error.
  void start(RequestId id, direct::Kind kind, Result<std::string> frame,
             Connection connection = {});
  void cancel(RequestId id, RequestId target);
  void disconnect();

  int descriptor() const noexcept { return channel_ ? channel_->descriptor() : -1; }
  short events() const noexcept;
  bool wants_process() const noexcept;
  void process();

  std::optional<Outcome> next_outcome();
  std::size_t under_way() const noexcept { return pending_.size(); }

 private:
  enum class State { closed, greeting, wishing, open };
  struct Pending {
    direct::Kind kind{};
    // The connection of a save.
    Connection connection;
    Handover handover{connection.descriptor};
    // Empty as soon as sending has begun.
    std::string frame;
  };

  // In a child of fork(), leaves all requests to the parent.
  void leave_parent();
  void open();
  void close();
  void shake_hands();
  void send();
  // Whether something has arrived.
  bool receive();
  void read_replies();
  void gather();
  void answer(Reply reply);
  void end(RequestId id, Result<AsyncClient::Answer> answer);
  // Handles the end of the stream.
  void lose(const Error& error);
  // Ends all requests and the stream.
  void fail(const Error& error);

  const std::string path_;
  std::uint64_t process_ = this_process();
  std::optional<Channel> channel_;
  Handshake handshake_;
  State state_ = State::closed;
  bool refused_ = false;
  RequestId last_id_ = 0;
  std::map<RequestId, Pending> pending_;
  // The queue: requests whose frames are not sent yet.
  std::deque<RequestId> line_;
  // Bytes to send, and the save whose descriptor goes with the first of them.
  std::string output_;
  std::optional<RequestId> lent_;
  std::deque<Outcome> outcomes_;
};

}  // namespace scache::client
