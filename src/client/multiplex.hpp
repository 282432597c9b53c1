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

// Multiplex has many requests under way on one channel and never blocks: what AsyncClient is made
// of. Requests wait in line until the stream is open and there is room; replies find their request
// by its id.
class Multiplex {
 public:
  using Outcome = AsyncClient::Outcome;

  // Bytes of frames that are sent in one go.
  static constexpr std::size_t kMaxGathered = 65'536;

  explicit Multiplex(std::string path) : path_{std::move(path)} {}

  RequestId next_id() noexcept { return ++last_id_; }
  // Puts a request in line, or ends it at once where it could not be made.
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
    // Of a save.
    Connection connection;
    Handover handover{connection.descriptor};
    // Empty once it was sent, or is being sent.
    std::string frame;
  };

  // In a child of fork() everything is the parent's.
  void leave_parent();
  void open();
  void close();
  void shake_hands();
  void send();
  // Whether something has come.
  bool receive();
  void read_replies();
  void gather();
  void answer(Reply reply);
  void end(RequestId id, Result<AsyncClient::Answer> answer);
  // The stream is gone, and with it what was sent.
  void lose(const Error& error);
  // Ends everything that is under way, and the stream.
  void fail(const Error& error);

  const std::string path_;
  std::uint64_t process_ = this_process();
  std::optional<Channel> channel_;
  Handshake handshake_;
  State state_ = State::closed;
  bool refused_ = false;
  RequestId last_id_ = 0;
  std::map<RequestId, Pending> pending_;
  // Those whose frame was not sent, in their order.
  std::deque<RequestId> line_;
  // Bytes on their way, and the save whose descriptor goes with the first of them.
  std::string output_;
  std::optional<RequestId> lent_;
  std::deque<Outcome> outcomes_;
};

}  // namespace scache::client
