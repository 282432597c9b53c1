// SPDX-License-Identifier: Apache-2.0
// The upper bound for any server of these protocols: it makes only the system calls that the
// exchanges need. A request has no lookup, no allocation and no limits. For each client it keeps
// the last descriptor that the client has saved, and returns that; earlier ones stay in an array.
// For a client of the direct protocol it keeps a few, and returns the oldest.
//
// It relies on bench_load as its client: every message arrives complete, and names and destination
// properties have a fixed size. It is started like a child of master(8), with the listening socket
// and the status channel at their numbers.

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "hello.hpp"
#include "rights.hpp"
#include "sizes.hpp"

namespace {

using namespace std::string_view_literals;
using namespace scache::bench;

constexpr int kStatusChannel = 5;
constexpr int kListening = 6;
constexpr std::size_t kEventsOfTurn = 128;

constexpr auto kAsk = "dummy\0\0\0"sv;
constexpr auto kDone = "status\0000\0\0"sv;
constexpr auto kFound = "status\0000\0property\0"sv;
constexpr auto kNextProperty = "\0property\0"sv;
constexpr auto kEnd = "\0\0"sv;
constexpr auto kNoEndpoint = "status\0002\0property\0\0\0"sv;
constexpr auto kNoDestination = "status\0002\0property\0\0property\0\0\0"sv;

// The offset that distinguishes requests: "request\0save_endp", "request\0find_dest".
constexpr std::size_t kVerb = 8;
constexpr std::size_t kObject = 13;
// The offset of the properties of a save.
constexpr std::size_t kProperties = "request\0save_endp\0ttl\0"sv.size() + kTtl.size() + 1 +
                                    "label\0"sv.size() + kNameSize + 1 + "property\0"sv.size();

// The frames of the direct protocol, up to the id. The id and the rest are copied from the request.
// The name and the properties of a found connection are copied from the frame that saved it.
constexpr std::size_t kKind = 4;
constexpr std::size_t kId = 8;
constexpr std::size_t kIdAndReservedSize = 16;
constexpr std::size_t kFields = 24;
constexpr std::size_t kNamedSize = 8 + kNameSize + 8 + kEndpointPropertiesSize;
constexpr char kSaveFrame = 1;
constexpr auto kSavedFrame = "\x38\0\0\0\x81\0\0\0"sv;
constexpr auto kSavedFields =
    "\x07\0\0\0\x08\0\0\0\x01\0\0\0\0\0\0\0"
    "\x12\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0"sv;
constexpr auto kFoundFrame = "\x4e\x01\0\0\x82\x01\0\0"sv;
constexpr auto kFoundFields =
    "\x07\0\0\0\x08\0\0\0\x01\0\0\0\0\0\0\0"
    "\x08\0\0\0\x08\0\0\0\x01\0\0\0\0\0\0\0"
    "\x09\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0"
    "\x0a\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0"sv;
constexpr auto kMissFrame = "\x18\0\0\0\x82\0\0\0"sv;

static_assert(kFoundFrame.size() + kIdAndReservedSize + kNamedSize + kFoundFields.size() == 0x14e);

enum class Awaits { request, descriptor, dummy, frames };

// A connection that a client of the direct protocol has saved.
struct Saved {
  int descriptor;
  std::array<char, kNamedSize> named;
};

struct Client {
  int socket = -1;
  int kept = -1;
  // A ring of connections of the direct protocol: how many were saved, and how many found.
  std::uint32_t saved = 0;
  std::uint32_t found = 0;
  std::array<Saved, kDirectLanes> ring;
  Awaits awaits = Awaits::request;
  std::size_t endpoint_size = 0;
  std::array<char, kDestinationPropertiesSize> destination_properties{};
  std::array<char, 2048> endpoint_properties{};
};

std::array<char, 8192> input;
std::array<char, 8192> reply;
std::vector<int> preloaded;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

// Returns the number of bytes, and the descriptor that came with them, or -1.
std::size_t receive(int socket, int& descriptor) {
  Rights rights{input.data(), input.size()};
  const ssize_t size = ::recvmsg(socket, rights.message(), MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  descriptor = -1;
  if (size < 0) {
    if (errno == ECONNRESET) return 0;
    die("recvmsg");
  }
  descriptor = rights.descriptor();
  return static_cast<std::size_t>(size);
}

void send(int socket, std::string_view bytes, int descriptor = -1) {
  Rights rights{bytes, descriptor};
  if (::sendmsg(socket, rights.message(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EPIPE) {
    die("sendmsg");
  }
}

class Reply {
 public:
  Reply& put(std::string_view text) {
    std::memcpy(reply.data() + size_, text.data(), text.size());
    size_ += text.size();
    return *this;
  }
  std::string_view text() const { return {reply.data(), size_}; }
  void clear() { size_ = 0; }

 private:
  std::size_t size_ = 0;
};

void serve_frames(Client& client, std::string_view frames, int descriptor) {
  Reply out;
  const auto send_out = [&](int given) {
    if (!out.text().empty()) send(client.socket, out.text(), given);
    out.clear();
  };
  while (!frames.empty()) {
    std::uint32_t size = 0;
    std::memcpy(&size, frames.data(), sizeof size);
    const std::string_view id = frames.substr(kId, kIdAndReservedSize);
    if (frames[kKind] == kSaveFrame) {
      Saved& saved = client.ring[client.saved++ % kDirectLanes];
      saved.descriptor = descriptor;
      frames.copy(saved.named.data(), kNamedSize, kFields);
      out.put(kSavedFrame).put(id).put(kSavedFields);
    } else if (client.found == client.saved) {
      out.put(kMissFrame).put(id);
    } else {
      send_out(-1);
      const Saved& saved = client.ring[client.found++ % kDirectLanes];
      out.put(kFoundFrame).put(id).put({saved.named.data(), kNamedSize}).put(kFoundFields);
      send_out(saved.descriptor);
      ::close(saved.descriptor);
    }
    frames.remove_prefix(size);
  }
  send_out(-1);
}

void serve(Client& client, std::string_view request) {
  if (request == kWish) {
    client.awaits = Awaits::frames;
    send(client.socket, kAgreement);
    return;
  }
  const bool saves = request[kVerb] == 's';
  const bool endpoint = request[kObject] == 'e';
  if (saves && endpoint) {
    client.endpoint_size = request.size() - kProperties - kEnd.size();
    std::memcpy(client.endpoint_properties.data(), request.data() + kProperties,
                client.endpoint_size);
    client.awaits = Awaits::descriptor;
    send(client.socket, kAsk);
  } else if (saves) {
    std::memcpy(client.destination_properties.data(), request.data() + kProperties,
                kDestinationPropertiesSize);
    send(client.socket, kDone);
  } else if (client.kept < 0) {
    send(client.socket, endpoint ? kNoEndpoint : kNoDestination);
  } else {
    Reply found;
    found.put(kFound);
    if (!endpoint) {
      found.put({client.destination_properties.data(), kDestinationPropertiesSize});
      found.put(kNextProperty);
    }
    found.put({client.endpoint_properties.data(), client.endpoint_size}).put(kEnd);
    client.awaits = Awaits::dummy;
    send(client.socket, found.text());
  }
}

// Whether the client is still connected.
bool proceed(Client& client) {
  int descriptor = -1;
  const std::size_t size = receive(client.socket, descriptor);
  if (size == 0) return false;
  switch (client.awaits) {
    case Awaits::descriptor:
      if (client.kept >= 0) preloaded.push_back(client.kept);
      client.kept = descriptor;
      client.awaits = Awaits::request;
      send(client.socket, kDone);
      break;
    case Awaits::dummy:
      send(client.socket, "\0"sv, client.kept);
      ::close(client.kept);
      client.kept = -1;
      client.awaits = Awaits::request;
      break;
    case Awaits::frames:
      serve_frames(client, {input.data(), size}, descriptor);
      break;
    case Awaits::request: {
      std::string_view request{input.data(), size};
      // The last dummy of the previous exchange, which often comes with the next request.
      if (request[0] == kAsk[0]) request.remove_prefix(kAsk.size());
      if (!request.empty()) serve(client, request);
      break;
    }
  }
  return true;
}

void accept_client(int epoll) {
  const int socket = ::accept4(kListening, nullptr, nullptr, SOCK_CLOEXEC);
  if (socket < 0) return;
  auto* client = new Client;
  client->socket = socket;
  send(socket, kGreeting);
  epoll_event event{.events = EPOLLIN, .data = {.ptr = client}};
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) != 0) die("epoll_ctl");
}

void drop(Client* client) {
  ::close(client->socket);
  if (client->kept >= 0) preloaded.push_back(client->kept);
  while (client->found != client->saved) {
    preloaded.push_back(client->ring[client->found++ % kDirectLanes].descriptor);
  }
  delete client;
}

}  // namespace

int main() {
  std::signal(SIGPIPE, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  preloaded.reserve(limit.rlim_cur);

  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event listening{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, kListening, &listening) != 0) die("epoll_ctl");
  int end_marker = 0;
  epoll_event end{.events = 0, .data = {.ptr = &end_marker}};
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, kStatusChannel, &end) != 0) die("epoll_ctl");

  std::array<epoll_event, kEventsOfTurn> events;
  for (;;) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      void* what = events[static_cast<std::size_t>(i)].data.ptr;
      if (what == &end_marker) return 0;
      if (what == nullptr) {
        accept_client(epoll);
      } else if (auto* client = static_cast<Client*>(what); !proceed(*client)) {
        drop(client);
      }
    }
  }
}
