#include "checkpoint/lineage.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "checkpoint/testing/faulty_file_system.h"

namespace weir {
namespace {

using Ids = std::vector<CheckpointId>;

LineBeginning from(CheckpointId id, StartNumber start) {
  return {.from = id, .from_start = start, .origin = {}, .new_run = 99};
}
LineBeginning fresh(uint64_t run, bool new_line = true) {
  return {.origin = {}, .new_run = run, .new_line = new_line};
}

TEST(Lineage, EveryCheckpointCountsBeforeAnyStartIsRecorded) {
  const Lineage none;
  EXPECT_EQ(none.living({3, 2, 1}), nullptr);
  const Lineage one = begin_line(none, from(3, 0), 4, {3, 2, 1});
  EXPECT_EQ(one.newest, 1);
  ASSERT_EQ(one.living({3, 2, 1}), &one.lines.back());
  for (const CheckpointId id : {1, 2, 3}) EXPECT_EQ(one.line_of(id, 0), &one.lines.back()) << id;
  EXPECT_EQ(one.line_of(4, 0), nullptr)
      << "completed after the start was recorded, by one that is no longer the newest";
  EXPECT_NE(one.line_of(5, 1), nullptr);
}

TEST(Lineage, GoingBackAbandonsLaterCheckpoints) {
  const Lineage first = begin_line({}, fresh(7), 0, {});
  const Lineage second = begin_line(first, from(2, 1), 11, {11, 10, 2, 1});
  const CheckpointLine* living = second.living({11, 10, 2, 1});
  ASSERT_NE(living, nullptr);
  EXPECT_TRUE(living->holds(2, 1));
  EXPECT_TRUE(living->holds(12, 2));
  EXPECT_FALSE(living->holds(10, std::nullopt));
  EXPECT_FALSE(living->holds(11, 1));
  EXPECT_FALSE(living->holds(12, 1)) << "of the line that was abandoned, late";
  EXPECT_EQ(living->run, 7u) << "what sinks have written belongs together";
  EXPECT_EQ(second.line_of(10, 1), nullptr);
  // Go back again, to before the beginning of the second line.
  const Lineage third = begin_line(second, from(1, 1), 15, {15, 14, 2, 1});
  EXPECT_EQ(third.line_of(2, 1), nullptr);
  EXPECT_EQ(third.line_of(15, 2), nullptr);
  EXPECT_NE(third.line_of(1, 1), nullptr);
  EXPECT_EQ(third.lines.size(), 1u);
}

TEST(Lineage, NextStartForgetsAStartThatCompletedNothing) {
  Lineage lineage = begin_line({}, fresh(7), 0, {});
  for (int i = 0; i < 1000; ++i) lineage = begin_line(lineage, from(3, 1), 3, {3});
  EXPECT_EQ(lineage.newest, 1001);
  EXPECT_EQ(lineage.lines.back().before, (std::vector<LineSegment>{{1, 0, 3}}));
  EXPECT_LT(encode_lineage(lineage, 1).size(), 200u);
}

TEST(Lineage, FreshStartCountsOnlyOnceItHasACheckpoint) {
  const Lineage first = begin_line({}, fresh(7), 0, {});
  const Lineage second = begin_line(first, fresh(8), 3, {3, 2});
  EXPECT_EQ(second.living({3, 2})->run, 7u);
  EXPECT_EQ(second.living({4, 3, 2})->run, 8u);
  EXPECT_NE(second.line_of(3, 1), nullptr)
      << "nothing of the first was taken back, so it can be gone on with";
  EXPECT_EQ(second.line_of(4, 1), nullptr);
  const Lineage back = begin_line(second, from(3, 1), 5, {5, 3, 2});
  EXPECT_EQ(back.lines.back().run, 7u);
  EXPECT_EQ(back.living({5, 3, 2})->run, 7u) << "the line that was chosen last";
  EXPECT_NE(back.line_of(5, 2), nullptr);
}

TEST(Lineage, RepeatedFreshStartKeepsItsRun) {
  const Lineage first = begin_line({}, fresh(7), 0, {});
  EXPECT_EQ(begin_line(first, fresh(8, false), 0, {}).lines.back().run, 7u);
  EXPECT_EQ(begin_line(first, fresh(8), 0, {}).lines.back().run, 8u) << "this was asked for";
  EXPECT_EQ(begin_line(first, fresh(8, false), 1, {1}).lines.back().run, 8u);
}

TEST(Lineage, UnrecordedCheckpointsStayALine) {
  const Lineage lineage = begin_line({}, fresh(7), 3, {3, 2});
  EXPECT_NE(lineage.line_of(3, 0), nullptr);
  EXPECT_EQ(lineage.living({3, 2}), &lineage.lines.front());
}

TEST(Lineage, StartFromElsewhereBeginsALineWithItsOrigin) {
  const Lineage first = begin_line({}, fresh(7), 0, {});
  const LineBeginning elsewhere{.from = 40,
                                .from_start = 3,
                                .elsewhere = true,
                                .origin = "file:///old job/chk-40",
                                .new_run = 9};
  const Lineage forked = begin_line(first, elsewhere, 2, {2, 1});
  EXPECT_EQ(forked.living({2, 1}), &forked.lines.back());
  EXPECT_TRUE(forked.lines.back().holds(41, 2));
  EXPECT_FALSE(forked.lines.back().holds(40, 3)) << "it does not lie here";
  LineBeginning again = elsewhere;
  again.new_run = 10;
  EXPECT_EQ(begin_line(forked, again, 2, {2, 1}).lines.back().run, 9u)
      << "it has not got to a checkpoint, so it is the same run still";
}

TEST(Lineage, RoundTrips) {
  Lineage lineage = begin_line({}, fresh(~uint64_t{0}), 0, {});
  lineage = begin_line(
      lineage, {.from = 40, .elsewhere = true, .origin = "hdfs://nn/a b/chk-40", .new_run = 9}, 5,
      {5});
  lineage.epoch = 1'700'000'000;
  const std::string bytes = encode_lineage(lineage, ~uint64_t{0});
  const auto read = decode_lineage(bytes);
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(*read, lineage);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(decode_lineage(damaged).ok()) << i;
    EXPECT_FALSE(decode_lineage(bytes.substr(0, i)).ok()) << i;
  }
}

class LineageRecords : public testing::Test {
 protected:
  std::shared_ptr<FaultyFileSystem> fs_ = std::make_shared<FaultyFileSystem>();
  const FileLocation job_{fs_, "/c/job", "mem:///c/job"};
};

TEST_F(LineageRecords, TheNewestCounts) {
  EXPECT_EQ(read_lineage(job_)->newest, 0);
  Lineage lineage;
  for (int i = 1; i <= 12; ++i) {
    lineage = begin_line(lineage, fresh(7, false), 0, {});
    ASSERT_TRUE(record_lineage(job_, lineage, 1).ok());
    EXPECT_EQ(*read_lineage(job_), lineage);
  }
  EXPECT_EQ(fs_->inner().list("/c/job/lineage")->size(), 1u) << "older ones are removed";
  EXPECT_TRUE(check_newest_start(job_, 12).ok());
  EXPECT_EQ(check_newest_start(job_, 11).code(), StatusCode::kAborted);
}

TEST_F(LineageRecords, OnlyOneStartGetsANumber) {
  const Lineage mine = begin_line({}, fresh(7), 0, {});
  const Lineage theirs = begin_line({}, fresh(8), 0, {});
  ASSERT_TRUE(record_lineage(job_, mine, 1).ok());
  EXPECT_EQ(record_lineage(job_, theirs, 2).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(record_lineage(job_, mine, 2).code(), StatusCode::kAlreadyExists)
      << "another process that starts in the same way is another start";
  EXPECT_EQ(*read_lineage(job_), mine);
  // A start that took its number long ago, and finds the number free again.
  Lineage later = begin_line(begin_line(mine, fresh(7, false), 0, {}), fresh(7, false), 0, {});
  ASSERT_TRUE(record_lineage(job_, later, 1).ok());
  EXPECT_EQ(record_lineage(job_, begin_line(mine, fresh(8), 0, {}), 2).code(),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(*read_lineage(job_), later);
}

TEST_F(LineageRecords, LooksUpTheOutcomeAfterALostAnswer) {
  fs_->after = [](std::string_view op, const std::string&) {
    return op == "rename" ? unavailable("lost answer") : Status();
  };
  const Lineage lineage = begin_line({}, fresh(7), 0, {});
  EXPECT_TRUE(record_lineage(job_, lineage, 1).ok());
  EXPECT_EQ(*read_lineage(job_), lineage);
}

TEST_F(LineageRecords, InterruptionLeavesTheOldRecordOrTheNew) {
  const Lineage old = begin_line({}, fresh(7), 0, {});
  const Lineage back = begin_line(old, from(2, 1), 11, {11, 2});
  for (const bool done : {false, true}) {
    bool interrupted = true;
    for (int at = 0; interrupted; ++at) {
      ASSERT_LT(at, 50);
      ASSERT_TRUE(fs_->inner().remove_all("/c").ok());
      fs_->before = fs_->after = [](std::string_view, const std::string&) { return Status(); };
      ASSERT_TRUE(record_lineage(job_, old, 1).ok());
      int left = at;
      interrupted = false;
      const auto die = [&](std::string_view, const std::string&) {
        if (left-- > 0) return Status();
        interrupted = true;
        left = 0;  // none of its operations takes effect any more
        return unavailable("killed");
      };
      (done ? fs_->after : fs_->before) = die;
      (void)record_lineage(job_, back, 2);
      fs_->before = fs_->after = [](std::string_view, const std::string&) { return Status(); };
      const auto found = read_lineage(job_);
      ASSERT_TRUE(found.ok()) << at << ": " << found.status().to_string();
      EXPECT_TRUE(*found == old || *found == back) << at;
      // The next start gets its own number, whatever is left.
      EXPECT_TRUE(record_lineage(job_, begin_line(*found, from(2, 1), 11, {11, 2}), 3).ok()) << at;
    }
  }
}

}  // namespace
}  // namespace weir
