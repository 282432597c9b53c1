// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>
#include <ostream>
#include <string>
#include <tuple>

#include "faults/play.hpp"
#include "support/rooms.hpp"

// Every system call of a server that can fail, each in the ways in which it can.

namespace scache::test {
namespace {

struct Case {
  const char* name;
  Call call;
  int error;
  Lasts lasts;
  // What a fault that strikes once may cost.
  unsigned interruptions;
  unsigned refusals = 0;

  friend void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
};

class SystemCalls : public ::testing::TestWithParam<std::tuple<Case, Who>> {
 protected:
  static Play play() {
    const auto& [c, who] = GetParam();
    Play play{.fault = {.call = c.call, .nth = 0, .error = c.error, .lasts = c.lasts},
              .weather = Weather::fair,
              .settings = {},
              .interruptions = c.interruptions,
              .refusals = c.refusals,
              .who = who};
    if (who == Who::direct) {
      // A descriptor that is lost ends a direct stream: it cannot be known any more which belongs
      // to what. One that the kernel has no room for costs its client a word, and no more.
      if (c.call == Call::receive_descriptor) play.interruptions = 1;
      if (c.error == ETOOMANYREFS) play.interruptions = 0;
      // A save is refused by the cache only.
      play.refusals = 0;
    }
    return play;
  }
};

TEST_P(SystemCalls, FailWithoutHarm) {
  perform_for_every_call(play());
}

TEST_P(SystemCalls, FailWithoutHarmWhenAllIsSlow) {
  Play slow = play();
  slow.weather = Weather::trickling;
  perform_for_every_call(slow, 6 * rounds());
}

constexpr Lasts kOnce = Lasts::once;
constexpr Lasts kOn = Lasts::from_then_on;

const Case kCases[] = {
    {"recvmsg_would_block", Call::receive, EAGAIN, kOnce, 0},
    {"recvmsg_is_interrupted", Call::receive, EINTR, kOnce, 0},
    {"recvmsg_without_memory", Call::receive, ENOMEM, kOnce, 1, 1},
    {"recvmsg_without_memory_for_long", Call::receive, ENOMEM, kOn, 0},
    {"recvmsg_is_reset", Call::receive, ECONNRESET, kOnce, 1, 1},
    {"recvmsg_is_reset_for_long", Call::receive, ECONNRESET, kOn, 0},
    {"recvmsg_loses_a_descriptor", Call::receive_descriptor, EMFILE, kOnce, 0, 1},
    {"recvmsg_loses_descriptors_for_long", Call::receive_descriptor, EMFILE, kOn, 0},
    {"sendmsg_would_block", Call::send, EAGAIN, kOnce, 0},
    {"sendmsg_is_interrupted", Call::send, EINTR, kOnce, 0},
    {"sendmsg_without_memory", Call::send, ENOMEM, kOnce, 1, 1},
    {"sendmsg_without_memory_for_long", Call::send, ENOMEM, kOn, 0},
    {"sendmsg_without_buffers", Call::send, ENOBUFS, kOnce, 1, 1},
    {"sendmsg_without_buffers_for_long", Call::send, ENOBUFS, kOn, 0},
    {"sendmsg_to_nobody", Call::send, EPIPE, kOnce, 1, 1},
    {"sendmsg_to_nobody_for_long", Call::send, EPIPE, kOn, 0},
    {"sendmsg_is_reset", Call::send, ECONNRESET, kOnce, 1, 1},
    {"sendmsg_with_too_many_in_flight", Call::send_descriptor, ETOOMANYREFS, kOnce, 1},
    {"sendmsg_with_too_many_in_flight_for_long", Call::send_descriptor, ETOOMANYREFS, kOn, 0},
    {"sendmsg_of_a_descriptor_would_block", Call::send_descriptor, EAGAIN, kOnce, 0},
    {"accept_finds_nobody", Call::accept, EAGAIN, kOnce, 0},
    {"accept_is_interrupted", Call::accept, EINTR, kOnce, 0},
    {"accept_is_aborted", Call::accept, ECONNABORTED, kOnce, 0},
    {"accept_with_a_full_table", Call::accept, EMFILE, kOnce, 0},
    {"accept_with_a_full_table_for_long", Call::accept, EMFILE, kOn, 0},
    {"accept_with_full_tables_everywhere", Call::accept, ENFILE, kOnce, 0},
    {"accept_with_full_tables_everywhere_for_long", Call::accept, ENFILE, kOn, 0},
    {"accept_without_memory", Call::accept, ENOMEM, kOnce, 0},
    {"accept_without_memory_for_long", Call::accept, ENOMEM, kOn, 0},
    {"accept_without_buffers_for_long", Call::accept, ENOBUFS, kOn, 0},
    {"epoll_ctl_without_memory", Call::control, ENOMEM, kOnce, 1},
    {"epoll_ctl_without_memory_for_long", Call::control, ENOMEM, kOn, 0},
    {"epoll_ctl_without_room", Call::control, ENOSPC, kOnce, 1},
    {"epoll_ctl_without_room_for_long", Call::control, ENOSPC, kOn, 0},
    {"epoll_wait_is_interrupted", Call::wait, EINTR, kOnce, 0},
    {"epoll_wait_is_interrupted_for_long", Call::wait, EINTR, kOn, 0},
    {"no_thread", Call::thread, EAGAIN, kOnce, 0},
    {"no_thread_for_long", Call::thread, EAGAIN, kOn, 0},
};

INSTANTIATE_TEST_SUITE_P(All, SystemCalls,
                         ::testing::Combine(::testing::ValuesIn(kCases),
                                            ::testing::Values(Who::of_postfix, Who::direct)),
                         [](const auto& instance) {
                           return std::string{std::get<0>(instance.param).name} + "_" +
                                  name_of(std::get<1>(instance.param));
                         });

}  // namespace
}  // namespace scache::test
