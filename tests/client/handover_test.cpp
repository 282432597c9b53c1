// SPDX-License-Identifier: Apache-2.0
#include "client/handover.hpp"

#include <utility>

#include "support/descriptors.hpp"

namespace scache::client {
namespace {

using enum ErrorCode;

const ErrorCode kDeclines[] = {malformed, unsupported, full, refused, too_large, busy};
const ErrorCode kLeavesInDoubt[] = {no_server,        timeout, disconnected, protocol,
                                    invalid_argument, system,  cancelled};

class HandoverOfADescriptor : public test::DescriptorCensus {
 protected:
  Descriptor callers_{test::pipe_pair().first.release()};
  const int number_ = callers_.get();
};

TEST_F(HandoverOfADescriptor, LeavesWhatWasNotSentToTheCaller) {
  Handover handover{callers_};
  EXPECT_EQ(handover.descriptor(), number_);
  for (const auto& codes : {kDeclines[0], kLeavesInDoubt[0]}) {
    const Error error = handover.settle({codes, "It is so."});
    EXPECT_EQ(error.text, "It is so.");
    EXPECT_EQ(callers_.get(), number_);
  }
}

TEST_F(HandoverOfADescriptor, GivesBackWhatTheServerDeclines) {
  for (const ErrorCode code : kDeclines) {
    Handover handover{callers_};
    handover.mark_sent();
    EXPECT_TRUE(handover.is_sent());
    EXPECT_FALSE(callers_);
    const Error error = handover.settle({code, "It is so."});
    EXPECT_EQ(error.code, code);
    EXPECT_EQ(error.text, "It is so.");
    EXPECT_EQ(callers_.get(), number_);
  }
}

TEST_F(HandoverOfADescriptor, ClosesWhatIsInDoubtAndSaysSo) {
  for (const ErrorCode code : kLeavesInDoubt) {
    callers_.reset(test::pipe_pair().first.release());
    const int number = callers_.get();
    Handover handover{callers_};
    handover.mark_sent();
    const Error error = handover.settle({code, "It is so."});
    EXPECT_EQ(error.code, code);
    EXPECT_EQ(error.text,
              "It is so; the library closed the connection, because the cache may have it.");
    EXPECT_FALSE(callers_);
    EXPECT_FALSE(test::is_open(number));
  }
}

TEST_F(HandoverOfADescriptor, ClosesWhatWasSentWithItself) {
  {
    Handover handover{callers_};
    handover.mark_sent();
    EXPECT_TRUE(test::is_open(number_));
  }
  EXPECT_FALSE(test::is_open(number_));
}

}  // namespace
}  // namespace scache::client
