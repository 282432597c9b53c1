// SPDX-License-Identifier: Apache-2.0
#include "standalone/socket_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "support/descriptors.hpp"
#include "support/scratch.hpp"

namespace scache::standalone {
namespace {

using namespace test;

constexpr uid_t kSomebody = 1;

class SocketDirectory : public DescriptorCensus {
 protected:
  // Empty, or the error.
  std::string open(const std::string& name, Trust trust = Trust::checked) const {
    const auto directory = open_socket_directory(scratch.path(name), trust);
    if (!directory) return directory.error().text;
    // It is the directory at the path.
    return std::filesystem::equivalent(fmt::format("/proc/self/fd/{}", directory->get()),
                                       scratch.path(name))
               ? ""
               : "another directory";
  }
  void make(const std::string& name, mode_t mode = 0700) const {
    ASSERT_TRUE(std::filesystem::create_directory(scratch.path(name)));
    ASSERT_EQ(::chmod(scratch.path(name).c_str(), mode), 0);
  }
  void link(const std::string& name, const std::string& target) const {
    std::filesystem::create_symlink(target, scratch.path(name));
  }
  void give(const std::string& name) const {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can create files of other users";
    ASSERT_EQ(::lchown(scratch.path(name).c_str(), kSomebody, kSomebody), 0);
  }
  std::string refusal(const std::string& name, const std::string& why) const {
    return scratch.path(name) + ": " + why;
  }

  ScratchDirectory scratch;
};

TEST_F(SocketDirectory, IsMadeWhereItIsMissing) {
  for (const Trust trust : {Trust::any, Trust::checked}) {
    EXPECT_EQ(open("new", trust), "");
    EXPECT_EQ(std::filesystem::status(scratch.path("new")).permissions(),
              std::filesystem::perms::owner_all);
    std::filesystem::remove(scratch.path("new"));
  }
}

TEST_F(SocketDirectory, MayBeMadeByManyServersAtOnce) {
  constexpr int kRounds = 100;
  constexpr int kServers = 4;
  std::barrier start{kServers};
  std::atomic<int> failed = 0;
  const auto serve = [&] {
    for (int round = 0; round < kRounds; ++round) {
      start.arrive_and_wait();
      const std::string name = std::to_string(round);
      if (!open_socket_directory(scratch.path(name), Trust::checked)) ++failed;
    }
  };
  {
    std::vector<std::jthread> servers;
    for (int each = 0; each < kServers; ++each) servers.emplace_back(serve);
  }
  EXPECT_EQ(failed, 0);
}

TEST_F(SocketDirectory, ItsParentIsNotMade) {
  EXPECT_EQ(open("a/b", Trust::any), refusal("a/b", "mkdir: No such file or directory"));
  EXPECT_EQ(open("a/b"), refusal("a/b", "open: No such file or directory"));
}

TEST_F(SocketDirectory, IsNoFile) {
  std::ofstream{scratch.path("file")};
  for (const Trust trust : {Trust::any, Trust::checked}) {
    EXPECT_EQ(open("file", trust), refusal("file", "open: Not a directory"));
  }
}

TEST_F(SocketDirectory, MayBeReachedByLinksAndDots) {
  make("a");
  make("a/b");
  link("relative", "a/../a/./b");
  link("absolute", scratch.path("relative"));
  link("above", "a");
  EXPECT_EQ(open("relative"), "");
  EXPECT_EQ(open("absolute"), "");
  EXPECT_EQ(open("above/b/../b/"), "");
  // It is created in the target of the link.
  link("to", "a/c");
  EXPECT_EQ(open("to"), "");
  EXPECT_TRUE(std::filesystem::exists(scratch.path("a/c")));
}

TEST_F(SocketDirectory, IsNotLookedForInCircles) {
  link("circle", "circle");
  EXPECT_EQ(open("circle"), refusal("circle", "open: Too many levels of symbolic links"));
}

TEST_F(SocketDirectory, OfSomebodyElseIsRefused) {
  make("theirs");
  give("theirs");
  if (IsSkipped()) return;
  make("theirs/mine");
  const std::string why =
      fmt::format("directory {} belongs to user {}, who could replace the socket",
                  scratch.path("theirs"), kSomebody);
  EXPECT_EQ(open("theirs"), refusal("theirs", why));
  EXPECT_EQ(open("theirs/mine"), refusal("theirs/mine", why));
  EXPECT_EQ(open("theirs/mine", Trust::any), "");
}

TEST_F(SocketDirectory, MayBelongToTheOwnerOfTheSocket) {
  make("d");
  give("d");
  if (IsSkipped()) return;
  const std::string path = scratch.path("d");
  EXPECT_TRUE(open_socket_directory(path, Trust::checked, kSomebody));
  EXPECT_FALSE(open_socket_directory(path, Trust::checked, kSomebody + 1));
  make("d/e");
  EXPECT_FALSE(open_socket_directory(path + "/e", Trust::checked, kSomebody))
      << "the owner could replace the directory";
  ASSERT_EQ(::chmod(path.c_str(), 0770), 0);
  EXPECT_FALSE(open_socket_directory(path, Trust::checked, kSomebody)) << "a group can write";
}

TEST_F(SocketDirectory, ThatOthersMayWriteToIsRefusedUnlessTheyCannotReplaceFiles) {
  for (const mode_t mode : {0770U, 0707U, 0777U, 0775U}) {
    make("shared", mode);
    const std::string why = fmt::format(
        "directory {} is writable by other users (mode {:04o}), who could replace the socket",
        scratch.path("shared"), mode);
    EXPECT_EQ(open("shared"), refusal("shared", why));
    EXPECT_EQ(open("shared/made"), refusal("shared/made", why));
    EXPECT_EQ(open("shared", Trust::any), "");
    ::chmod(scratch.path("shared").c_str(), mode | S_ISVTX);
    EXPECT_EQ(open("shared"), "");
    std::filesystem::remove(scratch.path("shared"));
  }
}

TEST_F(SocketDirectory, LinksOfSomebodyElseAreNotFollowed) {
  make("mine");
  link("theirs", "mine");
  give("theirs");
  if (IsSkipped()) return;
  const std::string why = fmt::format("symbolic link {} belongs to user {}, who could change it",
                                      scratch.path("theirs"), kSomebody);
  EXPECT_EQ(open("theirs"), refusal("theirs", why));
  EXPECT_EQ(open("theirs/made"), refusal("theirs/made", why));
  EXPECT_FALSE(std::filesystem::exists(scratch.path("mine/made")));
}

}  // namespace
}  // namespace scache::standalone
