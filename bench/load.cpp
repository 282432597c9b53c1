// SPDX-License-Identifier: Apache-2.0
// bench_load simulates the clients of all servers in one process. It never sleeps while it
// measures, so that servers receive input as early as possible. It reads commands, one a line, and
// answers each with one line of JSON:
//
//   server NAME PID SOCKET STATUS                    STATUS: the parent's end of its status channel
//   fill NAME WORK FIRST COUNT                       repeats the workload, numbered from FIRST on
//   slice NAME WORK CLIENTS BINDINGS WARM MEASURED   BINDINGS exist already; times in milliseconds
//
// Servers take turns: the clients of one stay connected while another is measured. Any error ends
// the program with a message.

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <iostream>
#include <map>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cargo.hpp"
#include "client.hpp"
#include "fail.hpp"
#include "histogram.hpp"
#include "work.hpp"

namespace scache::bench {
namespace {

// The number of clients that fill a cache.
constexpr std::uint32_t kFillers = 8;
// A client saves these in turn in each lane, to detect a wrong descriptor.
constexpr std::uint32_t kCargoOfLane = 4;
// The status channel has room for many more.
constexpr std::uint64_t kOperationsOfStatus = 128;
constexpr std::uint64_t kMillisecond = 1'000'000;
// Longer than any operation of the slowest server.
constexpr std::uint64_t kPatience = 60'000 * kMillisecond;

std::uint64_t read_clock(clockid_t clock) {
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) fail("clock_gettime: {}", std::strerror(errno));
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000 * kMillisecond +
         static_cast<std::uint64_t>(time.tv_nsec);
}

int take_from_parent(int descriptor) {
  const auto parent = static_cast<int>(::syscall(SYS_pidfd_open, ::getppid(), 0));
  const auto mine = static_cast<int>(::syscall(SYS_pidfd_getfd, parent, descriptor, 0));
  if (mine < 0) fail("pidfd_getfd: {}", std::strerror(errno));
  ::close(parent);
  return mine;
}

// A server and its clients.
struct Server {
  std::string path;
  clockid_t cpu_clock = 0;
  int epoll = -1;
  // The stock server reports each request to master on this channel. No process waits for the
  // messages, so that none is woken.
  int status = -1;
  std::vector<std::unique_ptr<Client>> clients;
  // The protocol of the clients, which they do not change.
  Protocol protocol = Protocol::postfix;

  void read_status() const {
    std::array<char, 65'536> said;
    while (::recv(status, said.data(), said.size(), MSG_DONTWAIT) == ssize_t{said.size()}) {
    }
  }

  // Sets the number of clients, and their workload.
  void connect(std::size_t count, const Work& work) {
    if (std::exchange(protocol, work.protocol) != work.protocol) clients.clear();
    while (clients.size() > count) clients.pop_back();
    while (clients.size() < count) {
      clients.push_back(std::make_unique<Client>());
      if (work.connects) continue;
      connect_anew(clients.size() - 1);
      clients.back()->agree(protocol);
    }
  }

  void connect_anew(std::size_t place) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = place}};
    clients[place]->connect(path);
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, clients[place]->socket(), &event) != 0) {
      fail("epoll_ctl: {}", std::strerror(errno));
    }
  }
};

// The period in which operations count.
struct Window {
  std::uint64_t operations = 0;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::uint64_t server_cpu = 0;
  Histogram times;
};

// Run has all clients of a server repeat a workload.
class Run {
 public:
  struct Numbers {
    std::uint32_t first;
    // How many exist already.
    std::uint32_t bindings;
    std::uint64_t seed;
  };

  Run(Server& server, Work& work, CargoStore& store, const Numbers& numbers)
      : server_{server},
        work_{work},
        cargo_{store.first(work.cargo, server.clients.size() * kCargoOfLane * work.lanes)},
        begun_{numbers.first} {
    const auto count = static_cast<std::uint32_t>(server.clients.size());
    for (std::uint32_t i = 0; i < count; ++i) {
      choosers_.push_back(
          {i, count, numbers.bindings, 0x9e37'79b9'7f4a'7c15 * (numbers.seed * count + i + 1)});
    }
  }

  // Calls `goes_on(began, ended)` after each operation; the client stops if it returns false.
  template <typename GoesOn>
  void until(GoesOn goes_on) {
    server_.read_status();
    std::uint64_t last = now();
    for (std::size_t i = 0; i < server_.clients.size(); ++i) begin(i, last);
    std::size_t busy = server_.clients.size();
    std::uint64_t ended = 0;
    std::array<epoll_event, 64> events;
    while (busy > 0) {
      const int count =
          ::epoll_wait(server_.epoll, events.data(), static_cast<int>(events.size()), 0);
      if (count <= 0) {
        if (now() - last > kPatience) fail("{} does not answer", server_.path);
        continue;
      }
      for (int i = 0; i < count; ++i) {
        const std::size_t place = events[static_cast<std::size_t>(i)].data.u64;
        Client& client = *server_.clients[place];
        if (!client.proceed()) continue;
        if (++ended % kOperationsOfStatus == 0) server_.read_status();
        last = now();
        if (goes_on(client.began(), last)) {
          begin(place, last);
        } else {
          client.finish();
          --busy;
        }
      }
    }
  }

 private:
  void begin(std::size_t place, std::uint64_t time) {
    const std::uint32_t number = begun_++;
    const std::size_t cargo = (place * kCargoOfLane + number % kCargoOfLane) * work_.lanes;
    if (work_.connects) server_.connect_anew(place);
    server_.clients[place]->begin(work_, choosers_[place].choose(work_.choice, number),
                                  cargo_.subspan(cargo, work_.lanes), time);
  }

  Server& server_;
  Work& work_;
  std::span<const Cargo> cargo_;
  std::vector<Chooser> choosers_;
  std::uint32_t begun_;
};

class Load {
 public:
  void obey(std::istringstream& line) {
    std::string verb;
    std::string name;
    line >> verb >> name;
    if (verb == "server") {
      add(line, servers_[name]);
    } else if (verb == "fill" && servers_.contains(name)) {
      fill(line, servers_[name]);
    } else if (verb == "slice" && servers_.contains(name)) {
      slice(line, servers_[name]);
    } else {
      fail("not understood: {}", line.str());
    }
    if (line.fail()) fail("not understood: {}", line.str());
  }

 private:
  void add(std::istringstream& line, Server& server) {
    pid_t pid = 0;
    int status = -1;
    server.clients.clear();
    line >> pid >> server.path >> status;
    ::close(server.status);
    server.status = take_from_parent(status);
    if (const int error = ::clock_getcpuclockid(pid, &server.cpu_clock); error != 0) {
      fail("no clock of process {}: {}", pid, std::strerror(error));
    }
    if (server.epoll < 0) server.epoll = ::epoll_create1(EPOLL_CLOEXEC);
    fmt::print("{{}}\n");
  }

  void fill(std::istringstream& line, Server& server) {
    std::string name;
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    line >> name >> first >> count;
    Work work = Work::named(name);
    const std::uint32_t clients = std::min(count, kFillers);
    server.connect(clients, work);
    std::uint32_t begun = clients;
    Run run{server, work, cargo_, {.first = first, .bindings = 0, .seed = ++runs_}};
    run.until([&](std::uint64_t, std::uint64_t) { return begun++ < count; });
    server.clients.clear();
    fmt::print("{{}}\n");
  }

  void slice(std::istringstream& line, Server& server) {
    std::string name;
    std::uint32_t clients = 0;
    std::uint32_t bindings = 0;
    std::uint64_t warm = 0;
    std::uint64_t measured = 0;
    line >> name >> clients >> bindings >> warm >> measured;
    Work work = Work::named(name);
    server.connect(clients, work);

    Window window;
    const std::uint64_t from = now() + warm * kMillisecond;
    const std::uint64_t to = from + measured * kMillisecond;
    Run run{server, work, cargo_, {.first = 0, .bindings = bindings, .seed = ++runs_}};
    run.until([&](std::uint64_t began, std::uint64_t ended) {
      if (ended < from) return true;
      if (window.from == 0) {
        window.from = ended;
        window.server_cpu = read_clock(server.cpu_clock);
        return true;
      }
      if (window.to != 0) return false;
      ++window.operations;
      window.times.add(ended - began);
      if (ended < to) return true;
      window.to = ended;
      window.server_cpu = read_clock(server.cpu_clock) - window.server_cpu;
      return false;
    });
    if (work.connects) server.clients.clear();
    fmt::print(
        "{{\"operations\": {}, \"requests\": {}, \"seconds\": {:.9f}, \"cpu\": {:.9f}, "
        "\"p50\": {:.9f}, \"p99\": {:.9f}}}\n",
        window.operations, window.operations * work.requests, seconds(window.to - window.from),
        seconds(window.server_cpu), window.times.quantile(0.5) / 1e9,
        window.times.quantile(0.99) / 1e9);
  }

  static double seconds(std::uint64_t nanoseconds) {
    return static_cast<double>(nanoseconds) / 1e9;
  }

  std::map<std::string, Server> servers_;
  CargoStore cargo_;
  std::uint64_t runs_ = 0;
};

}  // namespace
}  // namespace scache::bench

int main() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);

  scache::bench::Load load;
  for (std::string text; std::getline(std::cin, text);) {
    std::istringstream line{text};
    load.obey(line);
    std::fflush(stdout);
  }
}
