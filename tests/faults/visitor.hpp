#pragma once

#include <coroutine>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "faults/ledger.hpp"
#include "io/task.hpp"
#include "support/client.hpp"
#include "support/messages.hpp"

namespace scache::test {

// Visitor is a client that works through a list of errands, as smtp(8) would: where the server ends
// its stream within an errand, it connects again and begins the errand anew.
class Visitor {
 public:
  // An errand answers whether it came to its end: not when the server ended the stream.
  using Errand = std::function<Task<bool>(Visitor&)>;
  using Connect = std::function<Fd()>;

  Visitor(Connect connect, Ledger& its_ledger, std::vector<Errand> errands)
      : ledger{its_ledger}, connect_{std::move(connect)}, errands_{std::move(errands)} {}
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;

  // Goes on if there is news; answers whether it did.
  bool go_on();
  bool done() const { return task_ && task_->done(); }

  // How often the server has ended the stream before an errand's end; saves that were refused.
  unsigned interruptions = 0;
  unsigned refusals = 0;
  Ledger& ledger;

  // For errands.
  void send(const std::string& bytes, const std::vector<int>& descriptors = {}) {
    if (client_) client_->send(bytes, descriptors);
  }
  void leave() { client_.reset(); }
  int descriptor() const { return client_ ? client_->descriptor() : -1; }
  // The next attribute list; nothing when the stream has ended.
  Task<std::optional<std::string>> list();
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
  std::vector<Errand> errands_;
  std::unique_ptr<SocketClient> client_;
  std::string bytes_;
  bool ended_ = false;
  std::function<bool()> condition_;
  std::coroutine_handle<> waiting_;
  std::optional<Task<>> task_;
};

// Errands. Names that visitors share would let them see each other's changes between a request and
// its answer; each has its own.
Visitor::Errand save(std::string endpoint, std::string ttl = "100", std::size_t size = 0);
Visitor::Errand bind(std::string destination, std::string endpoint);
// `then` is sent together with the last dummy, if there is one: a lookup of an endpoint that has
// no connection.
Visitor::Errand find(std::string endpoint, std::string then = {});
Visitor::Errand find_by_destination(std::string destination);
// Sends all at once; the answers are these.
Visitor::Errand ask(std::string requests, std::vector<std::string> answers);
// A lookup that hits, with other words than those that it should be answered with.
Visitor::Errand find_and_talk_nonsense(std::string endpoint);
// A save with two descriptors, and one with the visitor's own stream: both are refused.
Visitor::Errand save_two(std::string endpoint);
Visitor::Errand save_itself(std::string endpoint);
// Leaves after that; the next errand connects again.
Visitor::Errand leave_after(std::string bytes);
// Sends that, and waits until the server has had enough; the same after a lookup that hits.
Visitor::Errand stall_after(std::string bytes);
Visitor::Errand find_and_stall(std::string endpoint);

}  // namespace scache::test
