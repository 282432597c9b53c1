// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <scache/connection.hpp>
#include <type_traits>
#include <utility>

#include "support/descriptors.hpp"

namespace scache::client {
namespace {

using test::is_open;

class DescriptorOwner : public test::DescriptorCensus {};

TEST_F(DescriptorOwner, ClosesWhatItOwns) {
  const int number = test::pipe_pair().first.release();
  {
    const Descriptor owner{number};
    EXPECT_TRUE(owner);
    EXPECT_EQ(owner.get(), number);
  }
  EXPECT_FALSE(is_open(number));
}

TEST_F(DescriptorOwner, GivesAway) {
  Descriptor owner{test::pipe_pair().first.release()};
  const Fd given{owner.release()};
  EXPECT_FALSE(owner);
  EXPECT_TRUE(is_open(given.get()));
}

TEST_F(DescriptorOwner, MovesAndIsNeverCopied) {
  static_assert(!std::is_copy_constructible_v<Descriptor>);
  static_assert(!std::is_copy_assignable_v<Descriptor>);
  Descriptor first{test::pipe_pair().first.release()};
  const int number = first.get();
  Descriptor second{test::pipe_pair().first.release()};
  second = std::move(first);
  EXPECT_EQ(second.get(), number);
  Descriptor& same = second;
  second = std::move(same);
  EXPECT_TRUE(is_open(number));
}

TEST_F(DescriptorOwner, LeavesErrnoAlone) {
  Descriptor owner{test::pipe_pair().first.release()};
  errno = EDOM;
  owner.reset();
  EXPECT_EQ(errno, EDOM);
}

TEST_F(DescriptorOwner, OfNothingMakesNoConnection) {
  EXPECT_FALSE(Connection{});
  const Connection connection{.descriptor = Descriptor{test::pipe_pair().first.release()}};
  EXPECT_TRUE(connection);
}

TEST(Result, IsAValueOrAnError) {
  Result<std::string> good = std::string{"yes"};
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, "yes");
  EXPECT_EQ(good->size(), 3U);
  EXPECT_THROW(good.error(), std::bad_variant_access);

  Result<std::string> bad = Error{ErrorCode::full, "No."};
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code, ErrorCode::full);
  EXPECT_THROW(bad.value(), std::bad_variant_access);
  EXPECT_EQ(std::move(bad).value_or("other"), "other");

  const Result<void> nothing;
  EXPECT_TRUE(nothing);
}

}  // namespace
}  // namespace scache::client
