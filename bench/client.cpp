// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "fail.hpp"
#include "hello.hpp"
#include "rights.hpp"

namespace scache::bench {

std::uint64_t now() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

Client::~Client() {
  ::close(socket_);
}

void Client::connect(const std::string& path) {
  ::close(socket_);
  socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    fail("connect to {}: {}", path, std::strerror(errno));
  }
}

void Client::agree(Protocol protocol) {
  if (protocol == Protocol::s6) return;
  expect(kGreeting);
  if (protocol == Protocol::postfix) return;
  send(kWish, -1);
  expect(kAgreement);
}

void Client::begin(Work& work, const Ids& ids, std::span<const Cargo> cargo, std::uint64_t when) {
  work_ = &work;
  ids_.resize(work.lanes);
  for (std::uint32_t lane = 0; lane < work.lanes; ++lane) ids_[lane] = in_lane(ids, lane);
  cargo_ = cargo;
  sent_ = 0;
  answered_ = 0;
  began_ = when;
  send_steps();
}

bool Client::proceed() {
  const std::size_t came = receive();
  size_ += came;
  std::string_view input{input_, size_};
  for (; answered_ < sent_; ++answered_) {
    Step& step = work_->steps[answered_];
    Ids& ids = ids_[step.lane];
    if (came == 0 || !step.in.fits(input, ids)) {
      fail("step {} of the operation: wanted \"{}\", got \"{}\" (numbers {} and {})", answered_,
           step.in.with(ids), input, ids.destination, ids.endpoint);
    }
    if (input.size() < step.in.size()) break;
    input.remove_prefix(step.in.size());
    if (step.takes) check_received(step.lane);
  }
  if (input.empty() && received_ >= 0) fail("a descriptor comes that nobody has asked for");
  if (answered_ == sent_ && !input.empty()) fail("\"{}\" comes unasked", input);
  size_ = input.size();
  std::memmove(input_, input.data(), size_);
  send_steps();
  if (answered_ < work_->steps.size()) return false;
  owes_dummy_ = work_->owes_dummy;
  return true;
}

void Client::finish() {
  if (owes_dummy_) send(kDummy, -1);
  owes_dummy_ = false;
}

void Client::send_steps() {
  std::size_t size = 0;
  const auto send_what_is_put = [&] {
    if (size > 0) send({output_, size}, -1);
    size = 0;
  };
  if (std::exchange(owes_dummy_, false)) size = kDummy.copy(output_, kDummy.size());
  const std::size_t end = std::min(answered_ + work_->lanes, work_->steps.size());
  for (; sent_ < end; ++sent_) {
    Step& step = work_->steps[sent_];
    const std::string_view bytes = step.out.with(ids_[step.lane]);
    if (step.gives) {
      send_what_is_put();
      send(bytes, cargo_[step.lane].descriptor);
    } else {
      size += bytes.copy(output_ + size, sizeof output_ - size);
    }
  }
  send_what_is_put();
}

// The descriptor that came with an answer.
void Client::check_received(std::uint32_t lane) {
  if (received_ < 0) fail("a found connection comes without its descriptor");
  if (!cargo_[lane].is_same(received_)) {
    fail("a found descriptor is not the one saved as number {}", ids_[lane].endpoint);
  }
  ::close(std::exchange(received_, -1));
}

void Client::expect(std::string_view wanted) {
  const ssize_t size = ::recv(socket_, input_, wanted.size(), MSG_WAITALL);
  const std::string_view input{input_, static_cast<std::size_t>(std::max(size, ssize_t{0}))};
  if (input != wanted) fail("a connection begins with \"{}\", got \"{}\"", wanted, input);
}

void Client::send(std::string_view bytes, int descriptor) {
  ssize_t size = 0;
  if (descriptor < 0) {
    size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } else {
    Rights rights{bytes, descriptor};
    size = ::sendmsg(socket_, rights.message(), MSG_NOSIGNAL);
  }
  if (size != static_cast<ssize_t>(bytes.size())) fail("send: {}", std::strerror(errno));
}

std::size_t Client::receive() {
  const auto steps = std::span{work_->steps}.subspan(answered_, sent_ - answered_);
  if (std::ranges::none_of(steps, &Step::takes)) {
    const ssize_t size = ::recv(socket_, input_ + size_, sizeof input_ - size_, 0);
    if (size < 0) fail("recv: {}", std::strerror(errno));
    return static_cast<std::size_t>(size);
  }
  Rights rights{input_ + size_, sizeof input_ - size_};
  const ssize_t size = ::recvmsg(socket_, rights.message(), MSG_CMSG_CLOEXEC);
  if (size < 0) fail("recvmsg: {}", std::strerror(errno));
  if (const int received = rights.descriptor(); received >= 0) received_ = received;
  return static_cast<std::size_t>(size);
}

}  // namespace scache::bench
