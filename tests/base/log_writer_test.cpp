// SPDX-License-Identifier: Apache-2.0
#include "base/log_writer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/log_queue.hpp"
#include "support/recording_log.hpp"

namespace scache::base {
namespace {

using std::chrono::steady_clock;
using test::Lines;

// The behaviour of a log, which the test sets. Shared, since a thread may outlive its LogWriter.
struct Reader {
  std::mutex mutex;
  std::condition_variable changed;
  // The result of try_send().
  LogOutlet::Sent at_once = LogOutlet::Sent::not_now;
  // Whether send() returns, and its result.
  bool reads = true;
  bool is_there = true;
  // Whether a thread waits in send().
  bool kept_waiting = false;
  Lines lines;

  void set(bool now_reads, bool now_there = true) {
    const std::lock_guard lock{mutex};
    reads = now_reads;
    is_there = now_there;
    changed.notify_all();
  }
  void await_waiting() {
    std::unique_lock lock{mutex};
    changed.wait(lock, [this] { return kept_waiting; });
  }
  Lines take() {
    const std::lock_guard lock{mutex};
    return std::exchange(lines, {});
  }
};

class FakeOutlet final : public LogOutlet {
 public:
  explicit FakeOutlet(std::shared_ptr<Reader> reader) : reader_{std::move(reader)} {}
  Sent try_send(std::string_view& record) noexcept override {
    const std::lock_guard lock{reader_->mutex};
    if (reader_->at_once == Sent::yes) reader_->lines.emplace_back(record);
    return reader_->at_once;
  }
  bool send(std::string_view record) noexcept override {
    std::unique_lock lock{reader_->mutex};
    reader_->kept_waiting = !reader_->reads;
    reader_->changed.notify_all();
    reader_->changed.wait(lock, [this] { return reader_->reads; });
    reader_->kept_waiting = false;
    if (reader_->is_there) reader_->lines.emplace_back(record);
    return reader_->is_there;
  }
  bool send_if_ready(std::string_view record) noexcept override {
    const std::lock_guard lock{reader_->mutex};
    if (reader_->reads) reader_->lines.emplace_back(record);
    return reader_->reads;
  }

 private:
  std::shared_ptr<Reader> reader_;
};

class LogWriterTest : public ::testing::Test {
 protected:
  std::unique_ptr<LogWriter> make(LogWriter::Thread thread = LogWriter::Thread::when_needed) {
    return std::make_unique<LogWriter>(std::make_unique<FakeOutlet>(reader), "!", thread);
  }
  static bool write(LogWriter& writer, std::string_view line) {
    return writer.write(line, "lost: ");
  }

  std::shared_ptr<Reader> reader = std::make_shared<Reader>();
  const std::string half = std::string(LogQueue::kMaxBytes / 2, 'x');
};

TEST_F(LogWriterTest, SendsAtOnceWhatCanBeSent) {
  const auto writer = make();
  reader->at_once = LogOutlet::Sent::yes;
  EXPECT_TRUE(write(*writer, "one"));
  EXPECT_EQ(reader->take(), Lines{"one"});
}

TEST_F(LogWriterTest, TheOthersAreSentSoonInTheirOrder) {
  const auto writer = make();
  for (const char* line : {"one", "two", "three"}) EXPECT_TRUE(write(*writer, line));
  writer->flush();
  EXPECT_EQ(reader->take(), (Lines{"one", "two", "three"}));
}

TEST_F(LogWriterTest, NoLineOvertakesOneThatWaits) {
  const auto writer = make();
  reader->set(false);
  EXPECT_TRUE(write(*writer, "one"));
  reader->await_waiting();
  reader->at_once = LogOutlet::Sent::yes;
  EXPECT_TRUE(write(*writer, "two"));
  reader->set(true);
  writer->flush();
  EXPECT_EQ(reader->take(), (Lines{"one", "two"}));
  EXPECT_TRUE(write(*writer, "three"));
  EXPECT_EQ(reader->take(), Lines{"three"});
}

TEST_F(LogWriterTest, WhoDoesNotReadHoldsUpNobodyAndIsToldWhatIsLost) {
  const auto writer = make();
  reader->set(false);
  EXPECT_TRUE(write(*writer, "one"));
  reader->await_waiting();
  EXPECT_TRUE(write(*writer, half));
  EXPECT_TRUE(write(*writer, half));
  for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(write(*writer, "lost"));
  reader->set(true);
  writer->flush();
  EXPECT_EQ(reader->take(), (Lines{"one", half, half, "lost: 1000!"}));
  EXPECT_TRUE(write(*writer, "two"));
  writer->flush();
  EXPECT_EQ(reader->take(), Lines{"two"});
}

TEST_F(LogWriterTest, WhereALoggerIsNotThereTheLossIsToldFirst) {
  const auto writer = make();
  reader->at_once = LogOutlet::Sent::no;
  EXPECT_FALSE(write(*writer, "lost"));
  EXPECT_FALSE(write(*writer, "lost"));
  reader->at_once = LogOutlet::Sent::yes;
  EXPECT_TRUE(write(*writer, "kept"));
  EXPECT_TRUE(write(*writer, "kept too"));
  EXPECT_EQ(reader->take(), (Lines{"lost: 2!", "kept", "kept too"}));
}

TEST_F(LogWriterTest, ALossThatCouldNotBeToldIsNotForgotten) {
  const auto writer = make();
  reader->set(true, false);
  for (int i = 0; i < 3; ++i) {
    write(*writer, "lost");
    writer->flush();
  }
  EXPECT_EQ(reader->take(), Lines{});
  reader->set(true, true);
  write(*writer, "kept");
  writer->flush();
  EXPECT_EQ(reader->take(), (Lines{"lost: 3!", "kept"}));
}

TEST_F(LogWriterTest, TheEndWaitsForALineButNotForEver) {
  auto writer = make();
  EXPECT_TRUE(write(*writer, "one"));
  writer.reset();
  EXPECT_EQ(reader->take(), Lines{"one"});

  writer = make();
  reader->set(false);
  EXPECT_TRUE(write(*writer, "two"));
  const auto before = steady_clock::now();
  writer.reset();
  EXPECT_GE(steady_clock::now() - before, LogWriter::kFarewell);
  EXPECT_LT(steady_clock::now() - before, 10 * LogWriter::kFarewell);
  reader->set(true);
}

TEST_F(LogWriterTest, WithoutAThreadItLooksForRoom) {
  const auto writer = make(LogWriter::Thread::never);
  EXPECT_TRUE(write(*writer, "one"));
  EXPECT_EQ(reader->take(), Lines{"one"});
  reader->set(false);
  EXPECT_FALSE(write(*writer, "lost"));
  EXPECT_FALSE(write(*writer, "lost"));
  reader->set(true);
  EXPECT_TRUE(write(*writer, "two"));
  EXPECT_EQ(reader->take(), (Lines{"lost: 2!", "two"}));
}

TEST_F(LogWriterTest, ASignalHandlerWritesPastTheOthers) {
  const auto writer = make();
  writer->write_in_signal("last words");
  EXPECT_EQ(reader->take(), Lines{"last words"});
}

}  // namespace
}  // namespace scache::base
