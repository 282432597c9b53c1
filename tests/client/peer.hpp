// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/descriptors.hpp"
#include "support/listening.hpp"
#include "support/messages.hpp"
#include "wire/direct_frame.hpp"

namespace scache::test {

// Frames of a server.
class FrameText {
 public:
  FrameText(direct::Kind kind, std::uint64_t id, bool with_descriptor = false)
      : writer_{text_, kind, id, with_descriptor} {}
  FrameText(const FrameText&) = delete;
  FrameText& operator=(const FrameText&) = delete;

  template <typename Value>
  FrameText& put(direct::Tag tag, Value value) {
    writer_.put(tag, value);
    return *this;
  }
  FrameText& open(direct::Tag tag) {
    writer_.open(tag);
    return *this;
  }
  FrameText& close() {
    writer_.close();
    return *this;
  }
  std::string text() {
    writer_.end();
    return text_;
  }

 private:
  std::string text_;
  direct::FrameWriter writer_;
};

inline std::string frame(direct::Kind kind, std::uint64_t id) {
  return FrameText{kind, id}.text();
}
inline std::string not_found(std::uint64_t id) {
  return frame(direct::Kind::found, id);
}
// Goes with a descriptor.
inline std::string found(std::uint64_t id, std::string_view endpoint = "e") {
  return FrameText{direct::Kind::found, id, true}
      .put(direct::Tag::endpoint, endpoint)
      .put(direct::Tag::endpoint_properties, std::string_view{"p"})
      .put(direct::Tag::connection, std::uint64_t{7})
      .put(direct::Tag::uses, std::uint64_t{2})
      .put(direct::Tag::age, std::uint64_t{5'000})
      .put(direct::Tag::idle, std::uint64_t{100})
      .text();
}
inline std::string saved(std::uint64_t id, std::uint64_t connection = 7) {
  return FrameText{direct::Kind::saved, id}
      .put(direct::Tag::connection, connection)
      .put(direct::Tag::bindings, std::uint64_t{0})
      .text();
}
inline std::string failed(std::uint64_t id, direct::ErrorCode code) {
  return FrameText{direct::Kind::error, id}
      .put(direct::Tag::code, static_cast<std::uint64_t>(code))
      .put(direct::Tag::text, std::string_view{"It is so."})
      .text();
}

inline const std::string kWish = list({"request", "direct", "version", "1"});
inline const std::string kAgreed = list({"status", "0", "version", "1", "capabilities", "find"});

// A request as the server reads it.
struct Asked {
  direct::Kind kind{};
  std::uint64_t id = 0;
  std::string body;

  direct::Fields fields() const { return *direct::Fields::read(body); }
};

// Peer is the server's end of a stream. It waits some seconds for input, and then fails the test.
class Peer {
 public:
  explicit Peer(Fd socket) : socket_{std::move(socket)} {}

  // The next client of a listening socket.
  static Peer accept(int listening) {
    pollfd state{.fd = listening, .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&state, 1, kPatience), 1) << "no client comes";
    return Peer{Fd{::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC)}};
  }

  std::string take(std::size_t size) {
    while (bytes_.size() < size && !ended_) fill();
    EXPECT_GE(bytes_.size(), size) << "the client ended the stream";
    const std::string taken = bytes_.substr(0, size);
    bytes_.erase(0, taken.size());
    return taken;
  }
  // Expects this input next.
  void expect(const std::string& bytes) { EXPECT_EQ(take(bytes.size()), bytes); }
  // The next frame.
  Asked take_request() {
    while (direct::read_frame(bytes_).kind == direct::FrameStep::Kind::need_more && !ended_) fill();
    const auto step = direct::read_frame(bytes_);
    if (step.kind != direct::FrameStep::Kind::frame) {
      ADD_FAILURE() << "no request comes";
      return {};
    }
    Asked asked{static_cast<direct::Kind>(step.header.kind), step.header.id,
                std::string{step.body}};
    bytes_.erase(0, step.header.size);
    return asked;
  }
  // The oldest descriptor that has arrived, or none.
  Fd take_descriptor() {
    if (descriptors_.empty()) return {};
    Fd fd = std::move(descriptors_.front());
    descriptors_.erase(descriptors_.begin());
    return fd;
  }
  // Waits for the end of the stream.
  bool sees_end() {
    while (!ended_) fill();
    return bytes_.empty();
  }

  void say(const std::string& bytes, const std::vector<int>& descriptors = {}) {
    EXPECT_TRUE(send_with(socket_.get(), bytes, descriptors));
  }
  // Sends the bytes with a descriptor, and closes its own copy.
  void give(const std::string& bytes, const Fd descriptor) { say(bytes, {descriptor.get()}); }
  void leave() { socket_.reset(); }
  int descriptor() const { return socket_.get(); }

  // The handshake of a server that supports the direct protocol, and of one that does not.
  void agree() {
    say(kGreeting);
    expect(kWish);
    say(kAgreed);
  }
  void refuse() {
    say(kGreeting);
    expect(kWish);
    say(kBad);
  }

 private:
  static constexpr int kPatience = 5'000;

  void fill() {
    pollfd state{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    const bool came = ::poll(&state, 1, kPatience) == 1;
    EXPECT_TRUE(came) << "nothing comes";
    Arrived arrived = receive_with(socket_.get());
    ended_ = !came || arrived.size <= 0;
    bytes_ += arrived.bytes;
    std::move(arrived.descriptors.begin(), arrived.descriptors.end(),
              std::back_inserter(descriptors_));
  }

  Fd socket_;
  std::string bytes_;
  std::vector<Fd> descriptors_;
  bool ended_ = false;
};

// FakeServer runs one script after another, each with one client, on a thread of its own.
class FakeServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit FakeServer(std::vector<Script> scripts)
      : thread_{[this, scripts = std::move(scripts)] {
          for (const Script& script : scripts) {
            Peer peer = Peer::accept(listening_.descriptor());
            script(peer);
          }
        }} {}
  ~FakeServer() { finish(); }

  const std::string& path() const { return listening_.path(); }
  // Waits until all scripts have ended.
  void finish() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  Listening listening_;
  std::thread thread_;
};

}  // namespace scache::test
