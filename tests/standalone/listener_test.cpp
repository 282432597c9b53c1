// SPDX-License-Identifier: Apache-2.0
#include "standalone/listener.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "support/descriptors.hpp"
#include "support/scratch.hpp"

namespace scache::standalone {
namespace {

using namespace test;

class ListenerTest : public DescriptorCensus {
 protected:
  // Empty, or the error.
  std::string make() { return make({.path = path}); }
  std::string make(const Place& place) {
    auto made = Listener::make(place);
    if (!made) return made.error().text;
    listener = std::make_unique<Listener>(std::move(*made));
    return "";
  }
  int connect(const Fd& client) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return ::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  // Whether a process listens at the path.
  bool is_served() const {
    return connect(Fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)}) == 0;
  }
  static mode_t mode(const std::string& file) {
    struct stat status{};
    EXPECT_EQ(::stat(file.c_str(), &status), 0) << file;
    return status.st_mode & 07777;
  }

  ScratchDirectory scratch;
  std::string path = scratch.path("made/sock");
  std::string occupied = path + ": in use by another server";
  std::unique_ptr<Listener> listener;
};

TEST_F(ListenerTest, MakesItsDirectoryAndASocketForItsUserAlone) {
  ASSERT_EQ(make(), "");
  EXPECT_TRUE(is_served());
  EXPECT_EQ(mode(path), mode_t{0600});
  EXPECT_EQ(mode(scratch.path("made")), mode_t{0700});
  EXPECT_TRUE(is_close_on_exec(listener->descriptor()));
  EXPECT_NE(::fcntl(listener->descriptor(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(ListenerTest, GivesTheSocketTheModeAndTheOwnerThatAreWanted) {
  Place place{.path = path, .mode = 0666};
  if (::geteuid() == 0) {
    place.owner = 1;
    place.group = 2;
  }
  ASSERT_EQ(make(place), "");
  EXPECT_EQ(mode(path), mode_t{0666});
  if (::geteuid() != 0) return;
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, uid_t{1});
  EXPECT_EQ(status.st_gid, gid_t{2});
}

TEST_F(ListenerTest, LeavesADirectoryAsItIs) {
  std::filesystem::create_directory(scratch.path("made"));
  ::chmod(scratch.path("made").c_str(), 0755);
  ASSERT_EQ(make(), "");
  EXPECT_EQ(mode(scratch.path("made")), mode_t{0755});
}

TEST_F(ListenerTest, LeavesNothingBehind) {
  ASSERT_EQ(make(), "");
  listener.reset();
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path("made")));
  ASSERT_EQ(make(), "");
  EXPECT_TRUE(is_served());
}

TEST_F(ListenerTest, ReplacesASocketThatNobodyListensOn) {
  std::filesystem::create_directory(scratch.path("made"));
  bound_socket(path, SOCK_STREAM).reset();
  std::ofstream{path + ".lock"};
  ASSERT_TRUE(std::filesystem::exists(path));
  ASSERT_EQ(make(), "");
  EXPECT_TRUE(is_served());
}

TEST_F(ListenerTest, LeavesALiveServerAlone) {
  ASSERT_EQ(make(), "");
  EXPECT_EQ(Listener::make({.path = path}).error().text, occupied);
  EXPECT_TRUE(is_served());
}

TEST_F(ListenerTest, LeavesAServerAloneThatTakesNoLock) {
  std::filesystem::create_directory(scratch.path("made"));
  const Fd other = bound_socket(path, SOCK_STREAM);
  ASSERT_EQ(::listen(other.get(), 3), 0);
  EXPECT_EQ(make(), occupied);
  EXPECT_TRUE(is_served());
  // Also with a full backlog.
  std::vector<Fd> waiting;
  int connected = 0;
  while (connected == 0) {
    waiting.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    connected = connect(waiting.back());
  }
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(make(), occupied);
}

TEST_F(ListenerTest, DoesNotReplaceWhatIsNoSocket) {
  std::filesystem::create_directory(scratch.path("made"));
  std::ofstream{path} << "precious";
  EXPECT_EQ(make(), path + ": exists and is not a socket");
  EXPECT_EQ(std::filesystem::file_size(path), 8u);
}

TEST_F(ListenerTest, DoesNotFollowALockThatIsALink) {
  std::filesystem::create_directory(scratch.path("made"));
  std::filesystem::create_symlink(scratch.path("elsewhere"), path + ".lock");
  EXPECT_EQ(make(), path + ".lock: open: Too many levels of symbolic links");
  EXPECT_FALSE(std::filesystem::exists(scratch.path("elsewhere")));
}

TEST_F(ListenerTest, LeavesALockAloneThatIsNoFileOfItsUser) {
  std::filesystem::create_directory(scratch.path("made"));
  ASSERT_EQ(::mkfifo((path + ".lock").c_str(), 0600), 0);
  EXPECT_EQ(make(), path + ".lock: not a regular file");
  std::filesystem::remove(path + ".lock");
  if (::geteuid() != 0) GTEST_SKIP() << "only root can create files of other users";
  std::ofstream{path + ".lock"};
  ASSERT_EQ(::chown((path + ".lock").c_str(), 1, 1), 0);
  EXPECT_EQ(make(), path + ".lock: belongs to user 1");
  EXPECT_TRUE(std::filesystem::exists(path + ".lock"));
}

// Files whose mode and owner an attacker wants to change.
TEST_F(ListenerTest, ChangesNothingThatALinkLeadsTo) {
  std::filesystem::create_directory(scratch.path("made"));
  const std::string secret = scratch.path("secret");
  std::ofstream{secret} << "secret";
  ::chmod(secret.c_str(), 0600);
  std::filesystem::create_symlink(secret, path);
  EXPECT_EQ(make({.path = path, .mode = 0666}), path + ": exists and is not a socket");
  EXPECT_EQ(mode(secret), mode_t{0600});
}

TEST_F(ListenerTest, HasItsModeWhateverTheUmaskIs) {
  const mode_t before = ::umask(0777);
  EXPECT_EQ(make({.path = path, .mode = 0640}), "");
  ::umask(before);
  EXPECT_EQ(mode(path), mode_t{0640});
  EXPECT_EQ(mode(path + ".lock"), mode_t{0600});
  EXPECT_EQ(mode(scratch.path("made")), mode_t{0700});
}

TEST_F(ListenerTest, LeavesNoSocketBehindThatItCannotGiveAway) {
  if (::geteuid() == 0) GTEST_SKIP() << "root can change the owner of every file";
  EXPECT_EQ(make({.path = path, .owner = 0}), path + ": chown: Operation not permitted");
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path("made")));
}

TEST_F(ListenerTest, KnowsWhetherItIsInPlaceAndMakesItselfAnew) {
  ASSERT_EQ(make(), "");
  EXPECT_TRUE(listener->is_in_place());
  ASSERT_EQ(::unlink(path.c_str()), 0);
  EXPECT_FALSE(listener->is_in_place());
  EXPECT_FALSE(is_served());
  ASSERT_TRUE(listener->renew());
  EXPECT_TRUE(listener->is_in_place());
  EXPECT_TRUE(is_served());
}

TEST_F(ListenerTest, MakesItselfAnewWithItsDirectoryAndItsLock) {
  ASSERT_EQ(make(), "");
  std::filesystem::rename(scratch.path("made"), scratch.path("moved"));
  EXPECT_FALSE(listener->is_in_place());
  ASSERT_TRUE(listener->renew());
  EXPECT_TRUE(is_served());
  EXPECT_EQ(Listener::make({.path = path}).error().text, occupied);
  listener.reset();
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path("made")));
}

TEST_F(ListenerTest, DoesNotTakeThePlaceOfASuccessor) {
  ASSERT_EQ(make(), "");
  ASSERT_EQ(::unlink(path.c_str()), 0);
  const Fd other = bound_socket(path, SOCK_STREAM);
  ASSERT_EQ(::listen(other.get(), 3), 0);
  EXPECT_FALSE(listener->is_in_place());
  EXPECT_EQ(listener->renew().error().text, occupied);
  listener.reset();
  EXPECT_TRUE(is_served());
}

TEST_F(ListenerTest, RemovesOnlyWhatIsItsOwn) {
  ASSERT_EQ(make(), "");
  ASSERT_EQ(::unlink(path.c_str()), 0);
  const Fd other = bound_socket(path, SOCK_STREAM);
  listener.reset();
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(ListenerTest, ThatWasPassedIsLeftBehind) {
  std::filesystem::create_directory(scratch.path("made"));
  Fd passed = bound_socket(path, SOCK_STREAM);
  const int number = passed.get();
  {
    const Listener inherited{std::move(passed)};
    EXPECT_EQ(inherited.descriptor(), number);
  }
  EXPECT_FALSE(is_open(number));
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(ListenerTest, SaysWhatIsWrongWithItsPath) {
  EXPECT_EQ(make({}).substr(0, 15), "no socket path:");
  const std::string room(107 - scratch.path("x/").size(), 'x');
  EXPECT_EQ(make({.path = scratch.path("x/") + room}), "");
  const std::string long_path = scratch.path("x/") + room + "x";
  EXPECT_EQ(make({.path = long_path}), long_path + ": the path is longer than 107 bytes");
  EXPECT_EQ(make({.path = scratch.path("a/b/c")}), scratch.path("a/b") +
                                                       (::geteuid() == 0 ? ": open" : ": mkdir") +
                                                       ": No such file or directory");
}

}  // namespace
}  // namespace scache::standalone
