// SPDX-License-Identifier: Apache-2.0
#include "server/direct_details.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/direct_fixture.hpp"

namespace scache::server {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

Lines told(const direct::Request& request) {
  RecordingLog log;
  log.set_verbose(true);
  log_details(log, request);
  return log.take();
}

TEST(DirectDetails, TellWhatOnlyTheDirectProtocolHas) {
  using What = direct::Drop::What;
  EXPECT_THAT(told(direct::Drop{What::endpoint, "e"}), ElementsAre("drop endpoint=e"));
  EXPECT_THAT(told(direct::Drop{What::destination, "d"}), ElementsAre("drop destination=d"));
  EXPECT_THAT(told(direct::Drop{What::prefix, ""}), ElementsAre("drop prefix="));
  EXPECT_THAT(told(direct::List{3, "p", "", 10}), ElementsAre("list prefix=p what=3"));
  EXPECT_THAT(told(direct::List{1, "", "cursor", 10}),
              ElementsAre("list prefix= what=1 (next page)"));
  EXPECT_THAT(told(direct::Cancel{7}), ElementsAre("cancel request=7"));
  EXPECT_THAT(told(direct::Statistics{}), ElementsAre("statistics"));
  EXPECT_THAT(told(direct::Ping{}), ElementsAre("ping"));
}

TEST(DirectDetails, LeaveTheOthersToTheService) {
  EXPECT_THAT(told(FindEndpoint{"e"}), IsEmpty());
  EXPECT_THAT(told(FindDestination{"d"}), IsEmpty());
  EXPECT_THAT(told(direct::Bind{}), IsEmpty());
}

TEST_F(DirectSessionTest, EachRequestLeavesALine) {
  log.set_verbose(true);
  talk.ask(find_frame(1, "none"));
  EXPECT_THAT(log.take(), ElementsAre("find_endp endpoint=none", "find_endp: not found"));
  talk.ask(frame(Kind::find, 2, {{Tag::destination, "nowhere"}}));
  EXPECT_THAT(log.take(), ElementsAre("find_dest destination=nowhere", "find_dest: not found"));
  talk.ask(save_frame(3, "e"), {tcp.first.get()});
  EXPECT_THAT(log.take(), ElementsAre(StartsWith("save_endp ttl="),
                                      StartsWith("connection saved: endpoint=e ")));
  talk.ask(bind_frame(4, "d", "e"));
  EXPECT_THAT(log.take(), ElementsAre(StartsWith("save_dest ttl="),
                                      StartsWith("binding saved: destination=d ")));
  talk.ask(frame(Kind::drop, 5, {{Tag::prefix, "e"}}));
  EXPECT_THAT(log.take(),
              ElementsAre("drop prefix=e", StartsWith("connection dropped: endpoint=e "),
                          "dropped: connections=1 bindings=0"));
  talk.ask(frame(Kind::ping, 6, {}));
  EXPECT_THAT(log.take(), ElementsAre("ping"));
}

}  // namespace
}  // namespace scache::server
