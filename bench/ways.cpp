// SPDX-License-Identifier: Apache-2.0
#include "ways.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <scache/client.hpp>
#include <utility>

#include "client.hpp"
#include "fail.hpp"
#include "message.hpp"
#include "sizes.hpp"

// The headers of s6 are C without extern "C".
extern "C" {
#include <s6/fdholder.h>
#include <skalibs/tai.h>
}

namespace scache::bench {
namespace {

using Of = Message::Of;

class CodecWay : public Way {
 public:
  CodecWay(std::string path, Work& work) : path_{std::move(path)}, work_{work} {
    if (work_.connects) return;
    client_.connect(path_);
    client_.agree(work_.protocol);
  }

  void operate(const Ids& ids, std::span<const Cargo> cargo) override {
    if (work_.connects) client_.connect(path_);
    client_.begin(work_, ids, cargo, 0);
    while (!client_.proceed()) {
    }
  }
  void rest() override { client_.finish(); }

 private:
  std::string path_;
  Work& work_;
  Client client_;
};

// The operation of a library: to save and find a connection, or to find none.
bool finds_what_it_saves(const Work& work) {
  return work.choice == Choice::fresh;
}

// Both libraries close the descriptor of a save, so each save needs a new one.
int copy_of(const Cargo& cargo) {
  return ::fcntl(cargo.descriptor, F_DUPFD_CLOEXEC, 0);
}

class LibraryWay : public Way {
 public:
  LibraryWay(const std::string& path, const Work& work, scache::Protocol protocol)
      : client_{path, {.timeout = std::chrono::seconds{60}, .protocol = protocol}},
        saves_{finds_what_it_saves(work)} {
    if (auto there = client_.protocol(); !there) fail("{}", there.error().text);
  }

  void operate(const Ids& ids, std::span<const Cargo> cargo) override {
    const std::string_view endpoint = endpoint_.with(ids);
    if (saves_) save(endpoint, ids, cargo.front());
    const auto found = client_.find_endpoint(endpoint);
    if (!found) fail("find: {}", found.error().text);
    if (static_cast<bool>(*found) != saves_) fail("a find finds what it should not, or nothing");
    if (saves_ && !cargo.front().is_same(found->descriptor.get())) {
      fail("a found descriptor is not the one saved as number {}", ids.endpoint);
    }
  }

 private:
  void save(std::string_view endpoint, const Ids& ids, const Cargo& cargo) {
    scache::Connection connection{.descriptor = scache::Descriptor{copy_of(cargo)},
                                  .endpoint = std::string{endpoint},
                                  .endpoint_properties = std::string{properties_.with(ids)}};
    const auto saved =
        client_.save(connection, {.ttl = std::chrono::milliseconds{kTtlMilliseconds}});
    if (!saved) fail("save: {}", saved.error().text);
  }

  scache::Client client_;
  Message endpoint_ = Message{}.name(Of::endpoint);
  Message properties_ = Message{}.properties(Of::endpoint, kEndpointPropertiesSize);
  bool saves_;
};

class S6Way : public Way {
 public:
  S6Way(const std::string& path, const Work& work) : saves_{finds_what_it_saves(work)} {
    ::tain_now(&now_);
    ::tain_addsec(&end_, &now_, 90'000);
    if (!::s6_fdholder_start(&holder_, path.c_str(), &end_, &now_)) failed("start");
  }
  ~S6Way() override { ::s6_fdholder_end(&holder_); }

  void operate(const Ids& ids, std::span<const Cargo> cargo) override {
    // with() writes digits only, so the text remains a C string.
    const char* endpoint = endpoint_.with(ids).data();
    if (saves_) save(endpoint, cargo.front());
    const int found = ::s6_fdholder_retrieve_delete(&holder_, endpoint, &end_, &now_);
    if (!saves_) {
      if (found >= 0 || errno != ENOENT) failed("a find that should find nothing");
      return;
    }
    if (found < 0) failed("retrieve");
    if (!cargo.front().is_same(found)) fail("a found descriptor is another one");
    ::close(found);
  }

 private:
  // s6 needs a different deadline for each descriptor.
  void save(const char* endpoint, const Cargo& cargo) {
    ::tain_now(&now_);
    tain deadline{};
    ::tain_addsec(&deadline, &now_, static_cast<int>(kTtlMilliseconds / 1'000));
    const int given = copy_of(cargo);
    if (!::s6_fdholder_store(&holder_, given, endpoint, &deadline, &end_, &now_)) {
      failed("store");
    }
    ::close(given);
  }
  [[noreturn]] static void failed(const char* what) {
    fail("s6: {}: {}", what, std::strerror(errno));
  }

  s6_fdholder_t holder_{};
  tain now_{};
  tain end_{};
  Message endpoint_ = Message{}.name(Of::endpoint);
  bool saves_;
};

}  // namespace

std::unique_ptr<Way> Way::named(std::string_view name, const std::string& path, Work& work) {
  if (name == "codec") return std::make_unique<CodecWay>(path, work);
  if (name == "libscache") {
    return std::make_unique<LibraryWay>(path, work, scache::Protocol::direct);
  }
  if (name == "libscache-postfix") {
    return std::make_unique<LibraryWay>(path, work, scache::Protocol::postfix);
  }
  if (name == "s6") return std::make_unique<S6Way>(path, work);
  fail("there is no way named {}", name);
}

}  // namespace scache::bench
