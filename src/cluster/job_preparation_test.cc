#include "cluster/job_preparation.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "cluster/starting_line.h"
#include "cluster/testing/preparation_fixture.h"
#include "fs/probe.h"

namespace weir {
namespace {

TEST_F(JobPreparation, LatestMeansTheBeginningToLaterLeadersIfItDidToTheFirstLeader) {
  ASSERT_TRUE(prepare("latest", &records_).ok());
  ASSERT_TRUE(records_.pointer_.has_value());
  EXPECT_EQ(records_.pointer_->id, 0);
  publish(1);  // by a leader that is deposed before the checkpoint counts
  const auto later = prepare("latest", &records_);
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(later->start->restored_checkpoint, -1);
  EXPECT_EQ(later->unconfirmed, std::vector<CheckpointId>{1});
  EXPECT_EQ(later->highest_used_id, 1);
}

TEST_F(JobPreparation, LatestMeansTheSameCheckpointToLaterLeaders) {
  const CompletedPointer three = publish(3);
  ASSERT_TRUE(prepare("latest", &records_).ok());
  ASSERT_TRUE(records_.pointer_.has_value());
  EXPECT_EQ(records_.pointer_->id, 3);
  EXPECT_EQ(records_.pointer_->uri, three.uri);
  EXPECT_EQ(records_.pointer_->metadata_length, three.metadata_length);
  EXPECT_EQ(records_.pointer_->metadata_checksum, three.metadata_checksum);
  publish(4);
  const auto later = prepare("latest", &records_);
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(later->start->restored_checkpoint, 3);
  EXPECT_EQ(later->unconfirmed, std::vector<CheckpointId>{4});
}

TEST_F(JobPreparation, ALeaderRecordsWhatTheClusterRunsAndOtherArgumentsAreRefused) {
  graph_.arguments = {{"out", "/a"}};
  ASSERT_TRUE(prepare("none", &records_).ok());
  ASSERT_TRUE(records_.job_.has_value());
  EXPECT_EQ(records_.job_->arguments, graph_.arguments);
  graph_.arguments = {{"out", "/b"}};
  records_.result_ = RecordedResult{"FINISHED", ""};
  const Status refused = prepare("none", &records_).status();
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition) << "also when the first has ended";
  EXPECT_NE(refused.message().find("--out was '/a' and is '/b'"), std::string::npos);
  EXPECT_EQ(records_.job_->arguments.at("out"), "/a");
  records_.result_.reset();
  options_.accept_changed_job = true;
  ASSERT_TRUE(prepare("none", &records_).ok());
  EXPECT_EQ(records_.job_->arguments.at("out"), "/b");
}

TEST_F(JobPreparation, WhatIsRefusedIsNotRecordedAsTheClustersJob) {
  fs_->before = [](std::string_view op, const std::string&) {
    return op == "mkdir" ? permission_denied("not yours") : Status();
  };
  EXPECT_FALSE(prepare("none", &records_).ok());
  EXPECT_FALSE(records_.job_.has_value());
}

TEST_F(JobPreparation, AcceptsAChangedStartBeforeTheFirstCheckpoint) {
  ASSERT_TRUE(prepare("none", &records_).ok());
  const CompletedPointer one = publish(1);
  // The command line was changed before the first checkpoint.
  const auto from_one = prepare(one.uri, &records_);
  ASSERT_TRUE(from_one.ok()) << from_one.status().to_string();
  EXPECT_EQ(from_one->start->restored_checkpoint, 1);
  EXPECT_TRUE(from_one->unconfirmed.empty());
}

TEST_F(JobPreparation, EachElectedLeaderRecordsAStart) {
  ASSERT_TRUE(prepare("none", &records_).ok());
  for (CheckpointId id = 1; id <= 3; ++id) records_.pointer_ = publish(id);
  const uint64_t run = read_lineage(*files_.resolve("mem:///c/job"))->lines.back().run;
  for (const StartNumber start : {2, 3, 4}) {
    const auto next = prepare("none", &records_);
    ASSERT_TRUE(next.ok()) << next.status().to_string();
    EXPECT_EQ(next->lineage.newest, start);
    EXPECT_EQ(next->start->run, run);
  }
  records_.pointer_.reset();  // by an operator who goes back
  const auto back = prepare(path_of(2), &records_);
  ASSERT_TRUE(back.ok()) << back.status().to_string();
  EXPECT_EQ(back->lineage.newest, 5);
  EXPECT_EQ(records_.pointer_->id, 2) << "later leaders go on from there, too";
  EXPECT_EQ(prepare("none", &records_)->start->restored_checkpoint, 2);
  records_.pointer_.reset();
  records_.deposed_ = true;
  ASSERT_FALSE(prepare(path_of(1), &records_).ok());
  EXPECT_EQ(read_lineage(*files_.resolve("mem:///c/job"))->newest, 6)
      << "one that leads no longer abandons nothing";
}

/// The next leader has taken back what sinks had written for them.
TEST_F(JobPreparation, WhatOnlyADeposedLeaderCompletedIsNotLatestWithoutElectionEither) {
  ASSERT_TRUE(prepare("none", &records_).ok());
  for (CheckpointId id = 1; id <= 2; ++id) records_.pointer_ = publish(id);
  publish(3);  // deposed before the pointer was set
  const auto next = prepare("none", &records_);
  ASSERT_TRUE(next.ok()) << next.status().to_string();
  EXPECT_EQ(next->unconfirmed, std::vector<CheckpointId>{3});
  publish(4, /*start=*/1);  // deposed without knowing it
  EXPECT_EQ(restored("latest"), 2);
}

TEST_F(JobPreparation, TheSameHoldsBeforeTheFirstCheckpointCounts) {
  const auto first = prepare("none", &records_);
  ASSERT_TRUE(first.ok()) << first.status().to_string();
  publish(1);
  const auto next = prepare("none", &records_);
  ASSERT_TRUE(next.ok()) << next.status().to_string();
  EXPECT_EQ(next->start->run, first->start->run) << "sinks clean up after their own run";
  publish(2, first->lineage.newest);
  EXPECT_EQ(restored("latest"), -1);
}

/// A start without election has fenced the earlier ones, and was killed before it recorded its
/// line.
TEST_F(JobPreparation, ElectedLeaderRecordsAStartAfterAFence) {
  run_to_eleven();
  const FileLocation job = *files_.resolve("mem:///c/job");
  Lineage lineage = *read_lineage(job);
  ASSERT_TRUE(record_fence(job, &lineage, /*nonce=*/99).ok());
  const auto leader = prepare("latest", &records_);
  ASSERT_TRUE(leader.ok()) << leader.status().to_string();
  publish(12, leader->lineage.newest);
  EXPECT_EQ(restored("latest"), 12);
}

TEST_F(JobPreparation, LeaderDeposedDuringPreparationDoesNotStart) {
  records_.deposed_ = true;
  EXPECT_EQ(prepare("latest", &records_).status().code(), StatusCode::kAborted);
}

TEST_F(JobPreparation, LatestIsNeverAnAbandonedCheckpoint) {
  run_to_eleven();
  ASSERT_EQ(restored(path_of(2)), 2);  // killed before its first checkpoint
  EXPECT_EQ(restored("latest"), 2);
  publish(12);
  EXPECT_EQ(restored("latest"), 12);
}

TEST_F(JobPreparation, RefusesAnAbandonedCheckpointUnlessTheOptionAcceptsIt) {
  run_to_eleven();
  ASSERT_EQ(restored(path_of(2)), 2);
  for (CheckpointId id = 12; id <= 15; ++id) publish(id);
  const std::string refused = refusal(path_of(10));
  for (const char* said : {"checkpoint 10", "went back to checkpoint 2", "goes on to checkpoint 15",
                           "weir.accept-abandoned-checkpoint"}) {
    EXPECT_NE(refused.find(said), std::string::npos) << refused;
  }
  EXPECT_EQ(restored("latest"), 15) << "what is refused changes nothing";
  options_.accept_abandoned_checkpoint = true;
  EXPECT_EQ(restored(path_of(10)), 10);
  options_.accept_abandoned_checkpoint = false;
  EXPECT_EQ(restored("latest"), 10);
  EXPECT_NE(refusal(path_of(15)), "");
}

TEST_F(JobPreparation, FallingBackFromADamagedCheckpointIsGoingBack) {
  run_to_eleven();
  const std::string good = *read_file(fs_->inner(), "/c/job/chk-11/_metadata");
  ASSERT_TRUE(fs_->remove("/c/job/chk-11/_metadata").ok());
  ASSERT_TRUE(write_file(fs_->inner(), "/c/job/chk-11/_metadata", "damaged").ok());
  EXPECT_EQ(restored("latest"), 10);
  ASSERT_TRUE(fs_->remove("/c/job/chk-11/_metadata").ok());
  ASSERT_TRUE(write_file(fs_->inner(), "/c/job/chk-11/_metadata", good).ok());
  EXPECT_EQ(restored("latest"), 10) << "what came after it may have been taken back";
}

TEST_F(JobPreparation, RefusesAnotherCheckpointThanTheRecordedOne) {
  records_.pointer_ = publish(3);
  ++records_.pointer_->metadata_checksum;
  EXPECT_EQ(prepare("latest", &records_).status().code(), StatusCode::kDataLoss);
}

TEST_F(JobPreparation, RestartDoesNotFallBackWithElection) {
  const auto prepared = prepare("none");
  ASSERT_TRUE(prepared.ok());
  publish(1);
  publish(2);
  ASSERT_TRUE(fs_->remove("/c/job/chk-2/_metadata").ok());
  ASSERT_TRUE(write_file(fs_->inner(), "/c/job/chk-2/_metadata", "damaged").ok());
  options_.job_directory = "mem:///c/job";
  RestartFrom from{
      .completed = {1, 2}, .read_all = false, .may_fall_back = false, .set_aside = {}, .nonce = 77};
  EXPECT_EQ(prepare_restart(graph_, options_, files_, *prepared, from).status().code(),
            StatusCode::kDataLoss);
  from.may_fall_back = true;
  const auto older = prepare_restart(graph_, options_, files_, *prepared, from);
  ASSERT_TRUE(older.ok()) << older.status().to_string();
  EXPECT_EQ(older->start->restored_checkpoint, 1);
}

TEST_F(JobPreparation, FreshStartTakesNothingFromThePreviousRun) {
  run_to_eleven();
  const auto again = prepare("none");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(restored("latest"), 11);
  const auto fresh = prepare("none");
  publish(12);
  const auto on = prepare("latest");
  EXPECT_EQ(on->start->restored_checkpoint, 12);
  EXPECT_EQ(on->start->run, fresh->start->run);
  EXPECT_EQ(restored(path_of(11)), 11) << "of the first run nothing was taken back";
}

TEST_F(JobPreparation, StartThatIsNoLongerTheNewestStops) {
  auto first = prepare("none");
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(prepare("latest").ok());
  RestartFrom from;
  from.may_fall_back = true;
  const auto restarted = prepare_restart(graph_, options_, files_, *first, from);
  EXPECT_EQ(restarted.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(restarted.status().message().find("started again by another process"),
            std::string::npos)
      << restarted.status().to_string();
}

/// At each step of one start's probe, prepares another start of the job.
TEST_F(JobPreparation, StartDoesNotRemoveTheProbeOfAnother) {
  run_to_eleven();
  bool met = true;
  for (int step = 0; met; ++step) {
    SCOPED_TRACE(step);
    int left = step;
    met = false;
    fs_->before = [&](std::string_view, const std::string& path) {
      if (met || path.find(kProbePrefix) == std::string::npos || left-- != 0) return Status();
      met = true;
      const auto other = prepare("latest");
      EXPECT_TRUE(other.ok()) << other.status().to_string();
      return Status();
    };
    const auto prepared = prepare("latest");
    fs_->before = [](std::string_view, const std::string&) { return Status(); };
    EXPECT_TRUE(prepared.ok()) << prepared.status().to_string();
    const auto files = fs_->list("/c/job");
    ASSERT_TRUE(files.ok()) << files.status().to_string();
    for (const FileInfo& entry : *files)
      EXPECT_EQ(entry.path.find(kProbePrefix), std::string::npos) << entry.path;
  }
}

TEST_F(JobPreparation, NextStartRemovesTheProbeOfAKilledStart) {
  ASSERT_EQ(restored("none"), -1);
  const std::string of_start = cat("/c/job/", kProbePrefix);
  for (const char* name : {"2-77", "2-77.new.tmp", "probe-77", "4-77"})
    ASSERT_TRUE(write_file(*fs_, of_start + name, "x").ok());
  ASSERT_EQ(restored("latest"), -1);
  EXPECT_FALSE(fs_->exists(of_start + "2-77"));
  EXPECT_FALSE(fs_->exists(of_start + "2-77.new.tmp"));
  EXPECT_FALSE(fs_->exists(of_start + "probe-77"));
  EXPECT_TRUE(fs_->exists(of_start + "4-77")) << "its process may live";
  ASSERT_EQ(restored("latest"), -1);
  EXPECT_FALSE(fs_->exists(of_start + "4-77"));
}

TEST_F(JobPreparation, DoesNotRestoreACheckpointThatWasSetAside) {
  run_to_eleven();
  const auto prepared = prepare("latest");
  ASSERT_TRUE(prepared.ok());
  options_.job_directory = "mem:///c/job";
  RestartFrom from{.completed = {9, 10, 11},
                   .read_all = false,
                   .may_fall_back = true,
                   .set_aside = {11},
                   .nonce = 77};
  const auto older = prepare_restart(graph_, options_, files_, *prepared, from);
  ASSERT_TRUE(older.ok()) << older.status().to_string();
  EXPECT_EQ(older->start->restored_checkpoint, 10);
  EXPECT_EQ(older->lineage.newest, prepared->lineage.newest + 1);
  EXPECT_EQ(restored("latest"), 10);
  from.set_aside = {9, 10, 11};
  EXPECT_EQ(prepare_restart(graph_, options_, files_, *prepared, from).status().code(),
            StatusCode::kFailedPrecondition);
}

TEST_F(JobPreparation, RefusesOtherArgumentsButNotNewFlags) {
  graph_.arguments = {{"output", "oB"}, {"size", "10 s"}};
  run_to_eleven();
  graph_.arguments = {{"output", "oA"}, {"size", "10 s"}, {"new", "x"}};
  const std::string refused = refusal("latest");
  EXPECT_NE(refused.find("--output was 'oB' and is 'oA'"), std::string::npos) << refused;
  EXPECT_NE(refused.find("weir.accept-changed-job"), std::string::npos) << refused;
  EXPECT_EQ(refused.find("--size"), std::string::npos) << refused;
  options_.accept_changed_job = true;
  EXPECT_EQ(restored("latest"), 11);
  options_.accept_changed_job = false;
  graph_.arguments["output"] = "oB";
  EXPECT_EQ(restored("latest"), 11) << "a rebuilt program may have other flags";
}

TEST_F(JobPreparation, RefusesToStartIfTheLivingLineHasLostItsCheckpoints) {
  run_to_eleven();
  ASSERT_EQ(restored(path_of(2)), 2);
  for (CheckpointId id = 1; id <= 2; ++id)
    ASSERT_TRUE(fs_->remove_all(cat("/c/job/chk-", id)).ok());
  EXPECT_NE(refusal("latest").find("went on from checkpoint 2"), std::string::npos)
      << refusal("latest");
}

TEST_F(JobPreparation, LargestEpochStaysRecorded) {
  for (const int64_t epoch : {7, 3}) {
    options_.job_directory = "mem:///c/job";
    options_.checkpoints_enabled = true;
    ASSERT_TRUE(prepare_job(graph_, options_, files_, {.epoch = epoch, .nonce = ++nonce_}).ok());
    EXPECT_EQ(read_lineage(*files_.resolve("mem:///c/job"))->epoch, 7);
  }
}

TEST_F(JobPreparation, EpochGrowsAlthoughTheClockWasSetBack) {
  EXPECT_EQ(epoch_without_election(options_, files_, 3), 3) << "without checkpoints";
  options_.job_directory = "mem:///c/job";
  options_.checkpoints_enabled = true;
  EXPECT_EQ(epoch_without_election(options_, files_, 3), 3) << "the first start";
  ASSERT_TRUE(prepare_job(graph_, options_, files_, {.epoch = 7, .nonce = ++nonce_}).ok());
  EXPECT_EQ(epoch_without_election(options_, files_, 3), 8);
  EXPECT_EQ(epoch_without_election(options_, files_, 7), 8);
  EXPECT_EQ(epoch_without_election(options_, files_, 100), 100);
}

/// One operator with keyed state in two key groups, from a checkpoint of a job with another
/// parallelism.
CheckpointMetadata keyed_with_max_parallelism(int max_parallelism) {
  CheckpointMetadata metadata;
  metadata.checkpoint_id = 5;
  OperatorSnapshotState state;
  state.id = murmur3_128("sum");
  state.parallelism = 1;
  state.max_parallelism = max_parallelism;
  KeyedStateHandle handle;
  handle.range = {0, max_parallelism - 1};
  handle.offsets.assign(static_cast<size_t>(max_parallelism), 0);
  handle.stream = InlineBytes{"", "x"};
  state.subtasks[0].keyed_state = handle;
  metadata.operators.push_back(state);
  return metadata;
}

TEST_F(JobPreparation, TakesTheMaxParallelismOfRestoredStateUnlessOneIsSet) {
  JobVertex vertex;
  vertex.name = "sum";
  vertex.parallelism = 90;
  vertex.max_parallelism = 256;  // the default for 90 subtasks
  vertex.chain.push_back({"sum", "sum", murmur3_128("sum"), nullptr, nullptr, nullptr});
  graph_.vertices.push_back(vertex);
  CheckpointContent content;
  content.metadata = keyed_with_max_parallelism(128);
  CheckpointPublication publication(*files_.resolve("mem:///c/job"), content, 1);
  ASSERT_EQ(publication.publish().outcome, PublishOutcome::kPublished);
  const auto adopted = prepare("latest");
  ASSERT_TRUE(adopted.ok()) << adopted.status().to_string();
  EXPECT_EQ(adopted->start->max_parallelisms, std::vector<int32_t>{128});
  EXPECT_EQ(
      with_max_parallelisms(graph_, adopted->start->max_parallelisms)->vertices[0].max_parallelism,
      128);
  graph_.vertices[0].max_parallelism_given = true;
  EXPECT_NE(refusal("latest").find("pipeline.max-parallelism"), std::string::npos)
      << refusal("latest");
  graph_.vertices[0].max_parallelism_given = false;
  graph_.vertices[0].parallelism = 129;
  EXPECT_NE(refusal("latest").find("max parallelism 128"), std::string::npos) << refusal("latest");
}

}  // namespace
}  // namespace weir
