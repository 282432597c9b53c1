// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <coroutine>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "faults/ledger.hpp"
#include "io/task.hpp"
#include "support/client.hpp"
#include "support/direct_messages.hpp"
#include "support/messages.hpp"

namespace scache::test {

// Visitor is a client that works through a list of requests, as smtp(8) would: where the server
// ends its stream within a request, it connects again and begins the request again; after a few
// times it waits until a fault is over or time has passed.
class Visitor {
 public:
  // An request answers whether it came to its end: not when the server ended the stream.
  using Request = std::function<Task<bool>(Visitor&)>;
  using Connect = std::function<Fd()>;
  using Clock = std::function<Instant()>;

  Visitor(Connect connect, Clock clock, Ledger& its_ledger, std::vector<Request> requests)
      : ledger{its_ledger},
        connect_{std::move(connect)},
        clock_{std::move(clock)},
        errands_{std::move(requests)} {}
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;

  // Goes on if there is news; answers whether it did.
  bool go_on();
  bool done() const { return task_ && task_->done(); }

  // How often the server has ended the stream before an request's end; saves that were refused.
  unsigned interruptions = 0;
  unsigned refusals = 0;
  Ledger& ledger;

  // For requests.
  void send(const std::string& bytes, const std::vector<int>& descriptors = {}) {
    if (client_) client_->send(bytes, descriptors);
  }
  void leave() { client_.reset(); }
  int descriptor() const { return client_ ? client_->descriptor() : -1; }
  // The next attribute list; nothing when the stream has ended.
  Task<std::optional<std::string>> list();
  // Asks for the direct protocol, where it is not spoken yet. Answers whether it is.
  Task<bool> agree();
  // The next frame in the direct protocol, with its descriptor; nothing when the stream has ended.
  struct Frame {
    Reply reply;
    Fd fd;
  };
  Task<std::optional<Frame>> frame();
  // The next byte and its descriptor.
  Task<Fd> receive();
  // Whether the stream has ended.
  Task<bool> ended();

 private:
  struct Until;

  Task<> work();
  Task<bool> arrive();
  std::size_t list_size() const;
  // Whether anything has come.
  bool read();

  Connect connect_;
  Clock clock_;
  std::vector<Request> errands_;
  std::unique_ptr<SocketClient> client_;
  std::string bytes_;
  bool ended_ = false;
  bool direct_ = false;
  std::function<bool()> condition_;
  std::coroutine_handle<> waiting_;
  std::optional<Task<>> task_;
};

}  // namespace scache::test
