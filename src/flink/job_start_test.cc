#include "flink/job_start.h"

#include <gtest/gtest.h>

#include "checkpoint/hosted_state.h"
#include "checkpoint/lineage.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/publication.h"
#include "fs/memory/memory_file_system.h"

namespace weir {
namespace {

/// Has files at memory paths, and none of other schemes.
class OneFileSystem final : public FileSystemRegistry {
 public:
  StatusOr<FileLocation> resolve(const std::string& uri) override {
    if (!uri.starts_with("/")) return unimplemented("no such scheme");
    return FileLocation{fs, uri, uri};
  }
  const std::shared_ptr<FileSystem> fs = std::make_shared<MemoryFileSystem>();
};

class SplitForEachSubtask final : public SplitEnumerator<std::string> {
 public:
  SplitForEachSubtask(int parallelism, bool continuous)
      : parallelism_(parallelism), continuous_(continuous) {}
  StatusOr<Discovery<std::string>> discover(FileSystemRegistry&) override {
    return Discovery<std::string>{
        std::vector<std::string>(static_cast<size_t>(parallelism_), "split"), {}};
  }
  bool continuous() const override { return continuous_; }

 private:
  const int parallelism_;
  const bool continuous_;
};

/// A source with a split for each subtask, and a sink.
class JobStart : public testing::Test {
 protected:
  JobStart() {
    graph.id = murmur3_128("job");
    graph.vertices.resize(2);
    graph.vertices[0].is_source = true;
    graph.vertices[0].parallelism = 2;
    graph.vertices[0].chain.push_back({"in", "in", murmur3_128("in"), nullptr,
                                       [this](int parallelism) {
                                         return std::make_unique<SplitForEachSubtask>(parallelism,
                                                                                      continuous);
                                       },
                                       nullptr});
    graph.vertices[1].chain.push_back({"out", "out", murmur3_128("out"), nullptr, nullptr,
                                       [this](FileSystemRegistry&) { return probe; }});
  }

  StatusOr<FlinkStart> start(const std::string& from) {
    Configuration configuration;
    EXPECT_TRUE(configuration.set("execution.state-recovery.path", from).ok());
    EXPECT_TRUE(configuration.set("execution.checkpointing.dir", "/checkpoints").ok());
    return prepare_flink_start(graph, configuration, files);
  }

  JobGraph graph;
  OneFileSystem files;
  Status probe;
  bool continuous = false;
  const std::string split = encode_hosted_element(HostedSplit{"split"});
};

TEST_F(JobStart, WithoutStateBeginsWithFreshSplits) {
  for (const char* from : {"none", "latest"}) {
    const auto begun = start(from);
    ASSERT_TRUE(begun.ok()) << begun.status().message();
    EXPECT_EQ(begun->savepoint, "");
    EXPECT_EQ(begun->snapshot, "");
    EXPECT_EQ(begun->elements, (std::vector<std::vector<std::string>>{{split, split}, {}}));
  }
}

TEST_F(JobStart, SourceThatFindsSplitsWhileTheJobRunsIsRefused) {
  continuous = true;
  const Status refused = start("none").status();
  EXPECT_EQ(refused.code(), StatusCode::kUnimplemented);
  EXPECT_NE(refused.message().find("source 'in' finds splits while the job runs"),
            std::string::npos)
      << refused.to_string();
}

TEST_F(JobStart, SnapshotWithoutASidecarIsFlinks) {
  ASSERT_TRUE(write_file(*files.fs, "/savepoints/savepoint-1/_metadata", "Flink's").ok());
  for (const char* from : {"/savepoints/savepoint-1", "/savepoints/savepoint-1/_metadata"}) {
    const auto begun = start(from);
    ASSERT_TRUE(begun.ok()) << begun.status().message();
    EXPECT_EQ(begun->savepoint, "file:///savepoints/savepoint-1");
    EXPECT_EQ(begun->snapshot, "");
  }
}

TEST_F(JobStart, LatestIsNoCheckpointThatWasAbandoned) {
  const FileLocation job = *files.resolve("/checkpoints/" + job_directory_name(graph.id));
  const Lineage first = begin_line({}, {.new_run = 7}, 0, {});
  ASSERT_TRUE(record_lineage(job, first, 1).ok());
  for (const CheckpointId id : {1, 2}) {
    CheckpointContent content;
    content.metadata.checkpoint_id = id;
    content.sidecar.start = 1;
    ASSERT_EQ(CheckpointPublication(job, content, 1).publish().outcome, PublishOutcome::kPublished);
  }
  EXPECT_EQ(start("latest")->snapshot, job.uri + "/chk-2");
  const Lineage back = begin_line(first, {.from = 1, .from_start = 1}, 2, {1, 2});
  ASSERT_TRUE(record_lineage(job, back, 2).ok());
  EXPECT_EQ(start("latest")->snapshot, job.uri + "/chk-1");
}

TEST_F(JobStart, UnknownSchemesAreLeftToFlink) {
  EXPECT_EQ(start("s3://bucket/savepoint-1")->savepoint, "s3://bucket/savepoint-1");
}

TEST_F(JobStart, MissingSnapshotIsRefused) {
  EXPECT_EQ(start("/nothing").status().code(), StatusCode::kNotFound);
}

TEST_F(JobStart, DamagedSnapshotOfWeirIsRefusedAndNotTakenForFlinks) {
  ASSERT_TRUE(write_file(*files.fs, "/c/chk-1/_metadata", "not metadata").ok());
  ASSERT_TRUE(write_file(*files.fs, "/c/chk-1/_weir", "not a sidecar").ok());
  EXPECT_EQ(start("/c/chk-1").status().code(), StatusCode::kDataLoss);
}

TEST_F(JobStart, UnwritableSinkIsDetected) {
  probe = permission_denied("cannot write there");
  const Status status = start("none").status();
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(status.message(), "operator 'out': cannot write there");
}

}  // namespace
}  // namespace weir
