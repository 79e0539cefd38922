// Starts that are killed at any step, that meet a run which still lives, and that meet each other.

#include "base/strings.h"
#include "checkpoint/storage.h"
#include "cluster/testing/preparation_fixture.h"

namespace weir {
namespace {

class StartedTwice : public JobPreparation {
 protected:
  void TearDown() override { nothing_happens(); }

  void nothing_happens() {
    fs_->before = fs_->after = [](std::string_view, const std::string&) { return Status(); };
  }
  void begin_again() {
    nothing_happens();
    ASSERT_TRUE(fs_->inner().remove_all("/c").ok());
    run_to_eleven();
  }

  /// Whether the start was prepared although it is killed at its file operation number `kill`. At
  /// its operation number `step` something else happens before.
  StatusOr<PreparedJob> prepare_killed(
      int kill, const std::string& from, int step = -1,
      const std::function<void()>& other = [] {}) {
    int at = 0;
    bool within = false;  // what the other does is not counted
    fs_->before = [&](std::string_view, const std::string&) {
      if (within) return Status();
      if (at == step) {
        within = true;
        happened_ = true;
        other();
        within = false;
      }
      return at++ >= kill ? unavailable("killed") : Status();
    };
    auto prepared = prepare(from);
    nothing_happens();
    killed_ = at > kill;
    return prepared;
  }

  /// As a run does that retains one checkpoint. Whether it counted.
  bool complete_twelve(StartNumber start) {
    publish(12, start);
    const FileLocation job = *files_.resolve("mem:///c/job");
    if (!check_newest_start(job, start).ok()) return false;
    for (CheckpointId id = 1; id <= 11; ++id) EXPECT_TRUE(discard_checkpoint(job, id).ok());
    return true;
  }

  static constexpr int kNever = INT32_MAX;
  bool killed_ = false;
  bool happened_ = false;
};

TEST_F(StartedTwice, KillWhileGoingBackLeavesTheJobOnOneLine) {
  for (const bool done : {false, true}) {
    int unchanged = 0;
    int gone_back = 0;
    for (int at = 0; gone_back == 0 || unchanged == 0 || at < 60; ++at) {
      ASSERT_LT(at, 300);
      ASSERT_TRUE(fs_->inner().remove_all("/c").ok());
      run_to_eleven();
      int left = at;
      (done ? fs_->after : fs_->before) = [&](std::string_view, const std::string&) {
        return left-- > 0 ? Status() : unavailable("killed");
      };
      const bool prepared = prepare(path_of(2)).ok();
      fs_->before = fs_->after = [](std::string_view, const std::string&) { return Status(); };
      const CheckpointId latest = restored("latest");
      EXPECT_TRUE(latest == 2 || latest == 11) << at << ": " << latest;
      if (prepared) EXPECT_EQ(latest, 2) << "sinks may have taken back what came after: " << at;
      ++(latest == 2 ? gone_back : unchanged);
    }
  }
}

/// At each step of a start's preparation, an earlier start that is alive completes a checkpoint. If
/// that checkpoint counts, its output stays, so the new start must continue from it.
TEST_F(StartedTwice, StartContinuesFromEachCheckpointThatCountedBeforeIt) {
  for (int step = 0;; ++step) {
    SCOPED_TRACE(step);
    ASSERT_LT(step, 200);
    ASSERT_TRUE(fs_->inner().remove_all("/c").ok());
    run_to_eleven();
    ASSERT_TRUE(write_file(*fs_, "/c/job/chk-12/data-0-01", "x").ok());
    int left = step;
    bool published = false;
    bool counted = false;
    fs_->before = [&](std::string_view, const std::string&) {
      if (left-- != 0) return Status();
      published = true;
      publish(12, 1);
      counted = check_newest_start(*files_.resolve("mem:///c/job"), 1).ok();
      return Status();
    };
    const CheckpointId from = restored("latest");
    fs_->before = [](std::string_view, const std::string&) { return Status(); };
    if (!published) break;
    EXPECT_TRUE(!counted || from == 12) << from;
    EXPECT_EQ(restored("latest"), from);
  }
}

/// The same, and the new start is killed at each of its steps: the next one knows what counted.
TEST_F(StartedTwice, AKilledStartHidesNoCheckpointThatCountedBeforeIt) {
  bool happened = true;
  for (int step = 0; happened; ++step) {
    killed_ = true;
    for (int kill = step; killed_; ++kill) {
      SCOPED_TRACE(cat("completed at ", step, ", killed at ", kill));
      begin_again();
      bool counted = false;
      happened_ = false;
      (void)prepare_killed(kill, "latest", step, [&] { counted = complete_twelve(1); });
      happened = happened_;
      const CheckpointId from = restored("latest");
      EXPECT_TRUE(from == 12 || (!counted && from == 11)) << from;
      EXPECT_EQ(restored("latest"), from);
      if (HasFailure()) return;
    }
  }
}

TEST_F(StartedTwice, OneAfterTheOtherKilledAnywhereTheJobIsOnOneLineOrTheOther) {
  for (int first = 0, killed = 1; killed > 0; ++first) {
    killed_ = true;
    for (int second = 0; killed_; ++second) {
      SCOPED_TRACE(cat("killed at ", first, " and at ", second));
      begin_again();
      const bool back = prepare_killed(first, path_of(2)).ok();
      killed = killed_;
      const auto again = prepare_killed(second, "latest");
      const CheckpointId from = restored("latest");
      EXPECT_TRUE(from == 2 || (!back && from == 11)) << from;
      if (again.ok()) EXPECT_EQ(from, again->start->restored_checkpoint);
      if (HasFailure()) return;
    }
  }
}

/// At each step of a start another one of the same job is prepared. Only one of them may go on.
TEST_F(StartedTwice, OfTwoStartsAtOnceOneIsTheNewest) {
  happened_ = true;
  for (int step = 0; happened_; ++step) {
    SCOPED_TRACE(step);
    begin_again();
    happened_ = false;
    std::optional<PreparedJob> other;
    const auto one = prepare_killed(kNever, "latest", step, [&] {
      auto prepared = prepare("latest");
      ASSERT_TRUE(prepared.ok()) << prepared.status().to_string();
      other = *std::move(prepared);
      // Its first checkpoint is being written.
      ASSERT_TRUE(write_file(*fs_, "/c/job/chk-12/data-0-01", "x").ok());
    });
    ASSERT_TRUE(one.ok()) << one.status().to_string();
    if (!other) break;
    const FileLocation job = *files_.resolve("mem:///c/job");
    EXPECT_NE(one->lineage.newest, other->lineage.newest);
    const bool other_continues = check_newest_start(job, other->lineage.newest).ok();
    EXPECT_NE(check_newest_start(job, one->lineage.newest).ok(), other_continues);
    if (other_continues) EXPECT_TRUE(fs_->exists("/c/job/chk-12/data-0-01"));
  }
}

/// A start that is refused, or that cannot work, leaves the run that lives alone.
TEST_F(StartedTwice, ARefusedStartKeepsNobodyOut) {
  run_to_eleven();
  ASSERT_EQ(restored(path_of(2)), 2);
  publish(12);
  const StartNumber newest = read_lineage(*files_.resolve("mem:///c/job"))->newest;
  EXPECT_NE(refusal(path_of(10)), "");
  EXPECT_NE(refusal(path_of(77)), "");
  EXPECT_TRUE(check_newest_start(*files_.resolve("mem:///c/job"), newest).ok());
}

}  // namespace
}  // namespace weir
