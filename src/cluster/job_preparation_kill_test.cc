// Starts that are killed at any step, that meet a run which still lives, and that meet each other.

#include <random>
#include <set>

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

/// The older run does not know yet that it has been replaced: it completes a checkpoint, and only
/// then finds out that this one does not count.
TEST_F(StartedTwice, AStartIgnoresACheckpointThatAnEarlierStartCompletesLate) {
  ASSERT_EQ(restored("none"), -1);
  ASSERT_EQ(restored("latest"), -1) << "replaces the first, and is killed";
  publish(1, 1);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(restored("latest"), -1) << i;
  publish(2);
  publish(3, 1);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(restored("latest"), 2) << i;
}

TEST_F(StartedTwice, ALateCheckpointDoesNotMakeAStartFromNothingCount) {
  run_to_eleven();
  ASSERT_EQ(restored("none"), -1);
  publish(12, 1);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(restored("latest"), 11) << i;
}

TEST_F(StartedTwice, RestartDoesNotFallBackToALateCheckpoint) {
  run_to_eleven();
  const StartNumber second = prepare("latest")->lineage.newest;
  publish(12, second);
  publish(13, 1);
  publish(14, second);
  const auto third = prepare("latest");
  ASSERT_TRUE(third.ok()) << third.status().to_string();
  EXPECT_EQ(third->start->restored_checkpoint, 14);
  EXPECT_EQ(std::count(third->completed.begin(), third->completed.end(), 12), 1);
  EXPECT_EQ(std::count(third->completed.begin(), third->completed.end(), 13), 0);
}

/// Starts, checkpoints that count and late ones in any order, against a list of those that count.
TEST_F(StartedTwice, InAnyOrderTheLatestIsTheLastThatCounted) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(cat("seed ", seed));
    std::minstd_rand random(seed);
    ASSERT_TRUE(fs_->inner().remove_all("/c").ok());
    std::vector<StartNumber> starts = {prepare("none")->lineage.newest};
    std::vector<CheckpointId> counted;  // on the living line
    bool fresh = false;                 // the newest start began from nothing
    CheckpointId next = 1;
    for (int i = 0; i < 25 && !HasFailure(); ++i) {
      switch (random() % 5) {
        case 0:
          publish(next, starts.back());
          if (std::exchange(fresh, false)) counted.clear();
          counted.push_back(next++);
          break;
        case 1:
          if (starts.size() > 1) publish(next++, starts[random() % (starts.size() - 1)]);
          break;
        case 2:
          starts.push_back(prepare("none")->lineage.newest);
          fresh = true;
          break;
        case 3:
          if (counted.empty()) break;
          counted.resize(1 + random() % counted.size());
          starts.push_back(prepare(path_of(counted.back()))->lineage.newest);
          fresh = false;
          break;
        default:
          const auto latest = prepare("latest");
          ASSERT_TRUE(latest.ok()) << latest.status().to_string();
          EXPECT_EQ(latest->start->restored_checkpoint, counted.empty() ? -1 : counted.back());
          EXPECT_EQ(std::set<CheckpointId>(latest->completed.begin(), latest->completed.end()),
                    std::set<CheckpointId>(counted.begin(), counted.end()));
          starts.push_back(latest->lineage.newest);
          fresh = false;
      }
    }
    if (HasFailure()) return;
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
