#include "client.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "fail.hpp"
#include "rights.hpp"

namespace scache::bench {
namespace {

using namespace std::string_view_literals;

constexpr auto kGreeting = "protocol\0connection_cache_protocol\0\0"sv;

}  // namespace

std::uint64_t now() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

Client::Client(const std::string& path, Protocol protocol)
    : socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    fail("connect to {}: {}", path, std::strerror(errno));
  }
  if (protocol == Protocol::s6) return;
  const ssize_t size = ::recv(socket_, input_, kGreeting.size(), MSG_WAITALL);
  if (size < 0 || std::string_view{input_, static_cast<std::size_t>(size)} != kGreeting) {
    fail("{} does not greet as it should", path);
  }
}

Client::~Client() {
  ::close(socket_);
}

void Client::begin(Work& work, const Ids& ids, const Cargo& cargo, std::uint64_t when) {
  work_ = &work;
  ids_ = ids;
  cargo_ = cargo;
  step_ = 0;
  began_ = when;
  send_step();
}

bool Client::proceed() {
  Step& step = work_->steps[step_];
  const std::size_t came = receive();
  size_ += came;
  const std::string_view wanted = step.in.with(ids_);
  const std::string_view input{input_, size_};
  if (came == 0 || input != wanted.substr(0, size_)) {
    fail("step {} of the operation: wanted \"{}\", got \"{}\" (numbers {} and {})", step_, wanted,
         input, ids_.destination, ids_.endpoint);
  }
  if (input.size() < wanted.size()) return false;
  if (step.takes) {
    if (received_ < 0) fail("a found connection comes without its descriptor");
    if (!cargo_.is_same(received_)) {
      fail("a found descriptor is not the one saved as number {}", ids_.endpoint);
    }
    ::close(received_);
    received_ = -1;
  } else if (received_ >= 0) {
    fail("a descriptor comes that nobody has asked for");
  }
  if (++step_ < work_->steps.size()) {
    send_step();
    return false;
  }
  owes_dummy_ = work_->owes_dummy;
  return true;
}

void Client::finish() {
  if (owes_dummy_) send(kDummy, -1);
  owes_dummy_ = false;
}

void Client::send_step() {
  Step& step = work_->steps[step_];
  size_ = 0;
  std::string_view bytes = step.out.with(ids_);
  if (owes_dummy_) {
    kDummy.copy(output_, kDummy.size());
    bytes.copy(output_ + kDummy.size(), bytes.size());
    bytes = {output_, kDummy.size() + bytes.size()};
    owes_dummy_ = false;
  }
  send(bytes, step.gives ? cargo_.descriptor : -1);
}

void Client::send(std::string_view bytes, int descriptor) {
  ssize_t size = 0;
  if (descriptor < 0) {
    size = ::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  } else {
    Rights rights{bytes, descriptor};
    size = ::sendmsg(socket_, rights.message(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  if (size != static_cast<ssize_t>(bytes.size())) fail("send: {}", std::strerror(errno));
}

std::size_t Client::receive() {
  if (!work_->steps[step_].takes) {
    const ssize_t size = ::recv(socket_, input_ + size_, sizeof input_ - size_, MSG_DONTWAIT);
    if (size < 0) fail("recv: {}", std::strerror(errno));
    return static_cast<std::size_t>(size);
  }
  Rights rights{input_ + size_, sizeof input_ - size_};
  const ssize_t size = ::recvmsg(socket_, rights.message(), MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0) fail("recvmsg: {}", std::strerror(errno));
  if (const int received = rights.descriptor(); received >= 0) received_ = received;
  return static_cast<std::size_t>(size);
}

}  // namespace scache::bench
