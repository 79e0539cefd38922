#include "weir/detail/connector/sink_operator.h"

#include <gtest/gtest.h>

#include "connectors/test_host.h"
#include "weir/connector/collect_sink.h"

namespace weir {
namespace {

/// Records a committer's calls, and holds its next answers.
struct Script {
  std::vector<std::string> log;
  std::vector<Status> commit_answers;
  std::vector<std::string> orphans;
};

class ScriptedCommitter final : public Committer {
 public:
  explicit ScriptedCommitter(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  Status commit(const std::vector<std::string>& committables) override {
    std::string all = "commit";
    for (const std::string& c : committables) all += " " + c;
    script_->log.push_back(all);
    if (script_->commit_answers.empty()) return {};
    const Status answer = script_->commit_answers.front();
    script_->commit_answers.erase(script_->commit_answers.begin());
    return answer;
  }
  StatusOr<std::vector<std::string>> find_orphans(const SinkStart& start) override {
    script_->log.push_back("find after " + std::to_string(start.restored_checkpoint));
    return script_->orphans;
  }
  Status remove_orphans(const std::vector<std::string>& names) override {
    std::string all = "remove";
    for (const std::string& name : names) all += " " + name;
    script_->log.push_back(all);
    return {};
  }

 private:
  const std::shared_ptr<Script> script_;
};

/// Uses the records of the epoch as committables.
class ScriptedSink final : public Sink<std::string> {
 public:
  explicit ScriptedSink(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  class Writer final : public SinkWriter<std::string> {
   public:
    Status open(OperatorContext&) override { return {}; }
    void write(BatchOf<std::string>& batch) override {
      records_.insert(records_.end(), batch.records.begin(), batch.records.end());
    }
    std::vector<std::string> prepare_commit(SnapshotContext&) override {
      return std::exchange(records_, {});
    }

   private:
    std::vector<std::string> records_;
  };
  std::unique_ptr<SinkWriter<std::string>> create_writer() const override {
    return std::make_unique<Writer>();
  }
  std::unique_ptr<Committer> create_committer(FileSystemRegistry&) const override {
    return std::make_unique<ScriptedCommitter>(script_);
  }
  Status probe(FileSystemRegistry&) const override { return {}; }

 private:
  std::shared_ptr<Script> script_;
};

struct Life {
  explicit Life(TestHost::Place place = {}, TestHost::Lists restored = {})
      : host(nullptr, place, std::move(restored)), sink(std::make_shared<ScriptedSink>(script)) {
    EXPECT_TRUE(sink.open(host).ok());
    sink.can_accept();  // the attempt runs
  }
  void write(std::string record) {
    BatchOf<std::string> batch;
    batch.add(std::move(record));
    sink.process(batch, none);
  }
  TestHost::Lists snapshot(int64_t id) {
    TestSnapshot taken(id);
    EXPECT_TRUE(sink.snapshot(taken).ok());
    return taken.lists;
  }
  std::shared_ptr<Script> script = std::make_shared<Script>();
  TestHost host;
  detail::SinkOperator<std::string, ScriptedSink> sink;
  NoOutput none;
};
using Log = std::vector<std::string>;

TEST(SinkOperator, CommitsOnlyCommittablesOfTheCompletedCheckpoint) {
  Life life;
  life.host.run_jobs();
  life.write("a");
  life.snapshot(1);
  life.write("b");
  life.snapshot(2);
  life.write("c");
  life.sink.checkpoint_completed(1);
  life.host.run_jobs();
  life.sink.checkpoint_completed(2);
  life.host.run_jobs();
  EXPECT_EQ(life.script->log, (Log{"find after -1", "commit a", "commit b"}));
}

TEST(SinkOperator, OneCommitRunsAtATime) {
  Life life;
  life.host.run_jobs();
  life.write("a");
  life.snapshot(1);
  life.sink.checkpoint_completed(1);
  life.write("b");
  life.snapshot(2);
  life.sink.checkpoint_completed(2);
  EXPECT_EQ(life.host.jobs(), 1u);
  life.host.run_jobs();
  EXPECT_EQ(life.script->log, (Log{"find after -1", "commit a", "commit b"}));
  EXPECT_TRUE(life.sink.quiescent());
}

TEST(SinkOperator, CommittableStaysInTheStateUntilItsCommitSucceeded) {
  Life life;
  life.host.run_jobs();
  life.write("a");
  EXPECT_EQ(life.snapshot(1)["committables"].size(), 1u);
  life.sink.checkpoint_completed(1);
  EXPECT_EQ(life.snapshot(2)["committables"].size(), 1u);
  life.host.run_jobs();
  EXPECT_EQ(life.snapshot(3)["committables"].size(), 0u);
}

TEST(SinkOperator, UnavailableCommitIsRetriedWithGrowingPauses) {
  Life life;
  life.host.run_jobs();
  life.script->commit_answers = {unavailable("x"), unavailable("x")};
  life.write("a");
  life.snapshot(1);
  life.sink.checkpoint_completed(1);
  life.host.run_jobs();
  EXPECT_EQ(life.sink.next_processing_time(), life.host.now_ms + 100);
  EXPECT_FALSE(life.sink.quiescent());
  life.host.now_ms += 99;
  life.sink.advance_processing_time(life.host.now_ms, life.none);
  EXPECT_EQ(life.host.jobs(), 0u);
  life.host.now_ms += 1;
  life.sink.advance_processing_time(life.host.now_ms, life.none);
  life.host.run_jobs();
  EXPECT_EQ(life.sink.next_processing_time(), life.host.now_ms + 200);
  life.host.now_ms += 200;
  life.sink.advance_processing_time(life.host.now_ms, life.none);
  life.host.run_jobs();
  EXPECT_EQ(life.sink.next_processing_time(), INT64_MAX);
  EXPECT_TRUE(life.sink.quiescent());
  EXPECT_TRUE(life.host.failure.ok());
  EXPECT_EQ(life.script->log.size(), 4u);
}

TEST(SinkOperator, SuccessfulCommitResetsTheRetries) {
  Life life;
  life.host.run_jobs();
  life.script->commit_answers = {unavailable("x"), {}, unavailable("x")};
  life.write("a");
  life.snapshot(1);
  life.sink.checkpoint_completed(1);
  life.host.run_jobs();
  life.host.now_ms += 100;
  life.sink.advance_processing_time(life.host.now_ms, life.none);
  life.host.run_jobs();
  EXPECT_TRUE(life.sink.quiescent());
  life.write("b");
  life.snapshot(2);
  life.sink.checkpoint_completed(2);
  life.host.run_jobs();
  EXPECT_EQ(life.sink.next_processing_time(), life.host.now_ms + 100);
}

TEST(SinkOperator, ClockThatGoesBackDoesNotDelayARetry) {
  Life life;
  life.host.run_jobs();
  life.script->commit_answers = {unavailable("x")};
  life.write("a");
  life.snapshot(1);
  life.sink.checkpoint_completed(1);
  life.host.run_jobs();
  life.host.now_ms -= 3'600'000;
  EXPECT_EQ(life.sink.next_processing_time(), life.host.now_ms);
  life.sink.advance_processing_time(life.host.now_ms, life.none);
  life.host.run_jobs();
  EXPECT_TRUE(life.sink.quiescent());
}

TEST(SinkOperator, CommitThatStaysUnavailableFailsTheTaskEventually) {
  Life life;
  life.host.run_jobs();
  life.script->commit_answers.assign(100, unavailable("x"));
  life.write("a");
  life.snapshot(1);
  life.sink.checkpoint_completed(1);
  for (int i = 0; i < 100 && life.host.failure.ok(); ++i) {
    life.host.run_jobs();
    life.host.now_ms += 10'000;
    life.sink.advance_processing_time(life.host.now_ms, life.none);
  }
  EXPECT_EQ(life.host.failure.code(), StatusCode::kUnavailable);
}

TEST(SinkOperator, OtherCommitFailuresFailTheTask) {
  Life life;
  life.host.run_jobs();
  life.script->commit_answers = {data_loss("gone")};
  life.write("a");
  life.snapshot(1);
  life.sink.checkpoint_completed(1);
  life.host.run_jobs();
  EXPECT_FALSE(life.host.failure.ok());
  EXPECT_EQ(life.snapshot(2)["committables"].size(), 1u);
}

TEST(SinkOperator, SubtaskZeroRecoversAndCommitsAllRestoredCommittablesBeforeItsFirstRecord) {
  TestHost::Lists state;
  {
    Life first;
    first.host.run_jobs();
    first.write("a");
    first.write("b");
    state = first.snapshot(4);
  }
  Life zero({.subtask = 0, .parallelism = 2, .restored_checkpoint = 4}, state);
  EXPECT_FALSE(zero.sink.can_accept());
  EXPECT_FALSE(zero.sink.quiescent());
  zero.sink.checkpoint_completed(4);  // notifications may repeat
  zero.script->commit_answers = {unavailable("x")};
  zero.host.run_jobs();
  EXPECT_FALSE(zero.sink.can_accept());
  zero.host.now_ms += 100;
  zero.sink.advance_processing_time(zero.host.now_ms, zero.none);
  zero.host.run_jobs();
  EXPECT_TRUE(zero.sink.can_accept());
  EXPECT_EQ(zero.script->log, (Log{"find after 4", "commit a b", "commit a b"}));
  Life one({.subtask = 1, .parallelism = 2, .restored_checkpoint = 4}, state);
  one.host.run_jobs();
  EXPECT_EQ(one.script->log, Log{});
}

TEST(SinkOperator, CompletionDoesNotShortenTheWaitAfterAFailedCommit) {
  Life life;
  life.host.run_jobs();
  life.write("a");
  life.snapshot(1);
  life.script->commit_answers = {unavailable("x")};
  life.sink.checkpoint_completed(1);
  life.host.run_jobs();
  life.write("b");
  life.snapshot(2);
  life.sink.checkpoint_completed(2);
  life.host.run_jobs();
  EXPECT_EQ(life.script->log, (Log{"find after -1", "commit a"}));
  life.host.now_ms += 100;
  life.sink.advance_processing_time(life.host.now_ms, life.none);
  life.host.run_jobs();
  EXPECT_EQ(life.script->log, (Log{"find after -1", "commit a", "commit a b"}));
}

TEST(SinkOperator, RemovesOrphansFoundAtItsStartOnlyWhenItRuns) {
  const auto script = std::make_shared<Script>();
  script->orphans = {"x", "y"};
  TestHost host(nullptr, {});
  detail::SinkOperator<std::string, ScriptedSink> sink(std::make_shared<ScriptedSink>(script));
  ASSERT_TRUE(sink.open(host).ok());
  host.run_jobs();
  EXPECT_EQ(script->log, Log{"find after -1"}) << "it may be given up before it runs";
  EXPECT_LE(sink.next_processing_time(), host.now_ms) << "and wants to begin as soon as it does";
  NoOutput none;
  sink.advance_processing_time(host.now_ms, none);
  script->orphans = {"z of a later attempt"};
  EXPECT_FALSE(sink.can_accept());
  host.run_jobs();
  EXPECT_TRUE(sink.can_accept());
  EXPECT_EQ(script->log, (Log{"find after -1", "remove x y"}));
}

TEST(SinkOperator, JobWithoutCheckpointsCommitsOnceAtItsEnd) {
  Life life;
  life.host.run_jobs();
  life.write("a");
  life.sink.commit_without_checkpoint();
  life.sink.commit_without_checkpoint();
  life.host.run_jobs();
  EXPECT_EQ(life.script->log, (Log{"find after -1", "commit a"}));
}

TEST(CollectSink, HoldsEachRecordOnceAcrossARestart) {
  const auto sink = std::make_shared<CollectSink<std::string>>();
  using Op = detail::SinkOperator<std::string, CollectSink<std::string>>;
  NoOutput none;
  const auto write = [&](Op& op, std::string record) {
    BatchOf<std::string> batch;
    batch.add(std::move(record));
    op.process(batch, none);
  };
  TestHost::Lists state;
  {
    TestHost host(nullptr, {.nonce = 1});
    Op op(sink);
    ASSERT_TRUE(op.open(host).ok());
    op.can_accept();  // the attempt runs
    host.run_jobs();
    write(op, "a");
    TestSnapshot one(1);
    ASSERT_TRUE(op.snapshot(one).ok());
    state = one.lists;
    EXPECT_EQ(sink->records().size(), 0u);
    write(op, "b");
    TestSnapshot two(2);
    ASSERT_TRUE(op.snapshot(two).ok());
  }
  TestHost host(nullptr, {.nonce = 2, .restored_checkpoint = 1}, state);
  Op op(sink);
  ASSERT_TRUE(op.open(host).ok());
  op.can_accept();  // the attempt runs
  host.run_jobs();
  write(op, "b");
  op.commit_without_checkpoint();
  host.run_jobs();
  EXPECT_EQ(sink->records(), (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace weir
