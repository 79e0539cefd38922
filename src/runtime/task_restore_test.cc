#include "runtime/task_restore.h"

#include <gtest/gtest.h>

#include "checkpoint/testing/one_file_system.h"

namespace weir {
namespace {

/// Keeps the splits that it is given.
class SplitKeeper final : public SourceOperator {
 public:
  explicit SplitKeeper(std::vector<std::string>* splits) : splits_(splits) {}
  Status open(OperatorContext&) override { return {}; }
  PollResult poll(Output&, EventTime*) override { return {PollResult::Status::kEnd}; }
  void add_splits(std::vector<std::string> splits) override { *splits_ = std::move(splits); }
  int64_t records_emitted() const override { return 0; }

 private:
  std::vector<std::string>* const splits_;
};

class NoServices final : public TaskServices {
 public:
  explicit NoServices(FileSystemRegistry& files) : files_(files) {}
  void run_blocking(std::string_view, std::function<std::function<void()>()>) override {
    std::abort();
  }
  int64_t wall_ms() const override { return 0; }
  FileSystemRegistry& files() override { return files_; }

 private:
  FileSystemRegistry& files_;
};

TEST(OpenAndRestore, FreshSplitsAreForASourceThatTheCheckpointDoesNotKnow) {
  OneFileSystem files;
  NoServices services(files);
  for (const bool known : {false, true}) {
    std::vector<std::string> splits;
    JobVertex vertex;
    vertex.is_source = true;
    JobOperator& op = vertex.chain.emplace_back();
    op.name = op.uid = "source";
    op.id = murmur3_128("source");
    op.factory = [&] { return std::make_unique<SplitKeeper>(&splits); };
    RestorePlan plan;
    OperatorRestore& restore = plan.operators.emplace_back();
    restore.id = op.id;
    restore.found = known;
    TaskStart start;
    start.plan = &plan;
    start.directory = "/job/chk-1";
    start.splits = {"a", "b"};
    FiberPool fibers;
    SuspendableCall call(fibers);
    OperatorChain chain(vertex, {}, services, [](const Status&) { FAIL(); }, {}, call);
    ASSERT_TRUE(open_and_restore(chain, start, files).ok());
    EXPECT_EQ(splits, known ? std::vector<std::string>() : start.splits);
  }
}

}  // namespace
}  // namespace weir
