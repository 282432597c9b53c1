// SPDX-License-Identifier: Apache-2.0
#include "main_cf/syslog_facility.hpp"

#include <gtest/gtest.h>
#include <syslog.h>

namespace scache::main_cf {
namespace {

TEST(Facility, IsKnownByItsName) {
  EXPECT_EQ(facility_by_name("mail"), LOG_MAIL);
  EXPECT_EQ(facility_by_name("local7"), LOG_LOCAL7);
  EXPECT_EQ(facility_by_name("kern"), LOG_MAIL);
  EXPECT_EQ(facility_by_name("bogus"), std::nullopt);
  EXPECT_EQ(facility_by_name("security"), std::nullopt);
  EXPECT_EQ(facility_by_name("MAIL"), std::nullopt);
}

}  // namespace
}  // namespace scache::main_cf
