#pragma once

#include <sys/epoll.h>

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "base/fd.hpp"
#include "io/message.hpp"

namespace scache {

// Outgoing has bytes that are to leave at the end of the loop's turn, together with those of
// others. Destroying it takes it off the list. It is asked for its bytes when they leave, and again
// when they have left: in between they stay as they are. One thread.
class Outgoing : public boost::intrusive::list_base_hook<
                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  virtual int socket() const noexcept = 0;
  virtual std::string_view bytes() const noexcept = 0;
  // Tells how many of the bytes were taken, and where that is not all of them, why. It must destroy
  // nobody.
  virtual void left(const Sent& sent) noexcept = 0;

 protected:
  Outgoing() = default;
  ~Outgoing() = default;
};
using OutgoingList = boost::intrusive::list<Outgoing, boost::intrusive::constant_time_size<false>>;

// Carrier does in one system call what a loop does between two turns: it sends, closes, watches and
// waits.
class Carrier {
 public:
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;
  virtual ~Carrier() = default;

  // Closes by the next carry(). Closing it must not block.
  virtual void close_soon(Fd fd) noexcept = 0;

  // Watches a descriptor, which it borrows, until it has one of these events (as of epoll; errors
  // and hang-ups in any case): the next carry() reports that once, with `whom` as its data.ptr.
  // Plain EPOLLIN is what has to be quick. Answers the number for unwatch(), or nothing where it
  // has failed for good.
  virtual std::optional<std::uint32_t> watch(int descriptor, std::uint32_t events,
                                             void* whom) noexcept = 0;
  // No report comes, and the descriptor may be closed. Only for what is not reported yet.
  virtual void unwatch(std::uint32_t number) noexcept = 0;
  // Tells of whom it watches something for.
  virtual void for_all_watched(const std::function<void(void* whom)>& tell) const = 0;

  // Sends what is on the list, which is empty then, and waits for reports as epoll_wait(2) does;
  // they are valid until the next call. Without an answer it has failed for good: what was to be
  // sent and closed is, by other means, but nobody has waited, nor is anything watched any more.
  virtual std::optional<std::span<epoll_event>> carry(OutgoingList& outgoing,
                                                      int milliseconds) noexcept = 0;

 protected:
  Carrier() = default;
};

}  // namespace scache
