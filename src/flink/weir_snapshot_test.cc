#include "flink/weir_snapshot.h"

#include <gtest/gtest.h>

#include "checkpoint/hosted_state.h"
#include "checkpoint/publication.h"
#include "checkpoint/testing/one_file_system.h"
#include "runtime/task_snapshot.h"

namespace weir {
namespace {

/// Keeps a list of bytes, and as a source passes on its splits.
class ListKeeper final : public SourceOperator {
 public:
  ListKeeper(ListStateMode mode, std::vector<std::string>* restored)
      : mode_(mode), restored_(restored) {}
  Status open(OperatorContext& context) override {
    *restored_ = context.operator_state().declare("list", mode_, bytes()).value();
    return {};
  }
  PollResult poll(Output&, EventTime*) override { return {PollResult::Status::kEnd}; }
  void add_splits(std::vector<std::string>) override {}
  int64_t records_emitted() const override { return 0; }
  static TypeDescription bytes() {
    TypeDescription type;
    type.kind = TypeKind::kBytes;
    return type;
  }

 private:
  const ListStateMode mode_;
  std::vector<std::string>* const restored_;
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

/// Two vertices: a source and an operator after it.
class WeirSnapshot : public testing::Test {
 protected:
  WeirSnapshot() {
    for (const char* name : {"source", "map"}) {
      JobVertex& vertex = graph_.vertices.emplace_back();
      vertex.name = name;
      vertex.parallelism = 2;
      vertex.is_source = graph_.vertices.size() == 1;
      JobOperator& op = vertex.chain.emplace_back();
      op.name = op.uid = name;
      op.id = murmur3_128(name);
      op.factory = [this] { return std::make_unique<ListKeeper>(mode_, &restored_); };
    }
  }

  /// `elements`: by operator, then by subtask.
  void publish(const std::map<std::string, std::vector<std::vector<std::string>>>& elements) {
    std::vector<TaskSnapshot> tasks;
    CheckpointContent content;
    content.metadata.checkpoint_id = content.sidecar.checkpoint_id = 41;
    for (const auto& [uid, of_subtasks] : elements) {
      OperatorSnapshotState& op = content.metadata.operators.emplace_back();
      op.id = murmur3_128(uid);
      op.uid = uid;
      op.parallelism = static_cast<int>(of_subtasks.size());
      for (size_t i = 0; i < of_subtasks.size(); ++i) {
        TaskSnapshot& task = tasks.emplace_back();
        task.id = 41;
        task.subtask = static_cast<int>(i);
        task.operators.push_back(
            {op.id, uid, "", nullptr, 0, {{"list", {mode_, ListKeeper::bytes(), of_subtasks[i]}}}});
      }
    }
    ASSERT_TRUE(files_.fs->make_directories("/job/chk-41").ok());
    auto written = write_snapshots(*files_.fs, "/job/chk-41", "data-0-0000000000000001",
                                   {.inline_threshold = 20}, std::move(tasks));
    ASSERT_TRUE(written.ok()) << written.status().to_string();
    for (OperatorSubtaskState& state : written->states) {
      for (OperatorSnapshotState& op : content.metadata.operators) {
        if (op.id == state.operator_id) op.subtasks[state.subtask] = std::move(state.state);
      }
    }
    content.sidecar.operators = written->descriptions;
    content.sidecar.files = written->files;
    CheckpointPublication publication(FileLocation{files_.fs, "/job", "/job"}, content, 7);
    ASSERT_TRUE(publication.publish().status.ok());
  }

  StatusOr<std::vector<std::string>> elements_of_source() {
    const auto snapshot = ChainSnapshot::load("/job/chk-41", graph_, 0, 2, false, files_);
    if (!snapshot.ok()) return snapshot.status();
    return source_elements(graph_.vertices[0], snapshot->task_start(), files_);
  }

  static std::string list_element(const std::string& uid, const std::string& bytes) {
    return encode_hosted_element(HostedListElement{murmur3_128(uid), "list", ListStateMode::kSplit,
                                                   ListKeeper::bytes(), bytes});
  }

  OneFileSystem files_;
  JobGraph graph_;
  ListStateMode mode_ = ListStateMode::kSplit;
  std::vector<std::string> restored_;
};

TEST_F(WeirSnapshot, GivesEachElementOfASourceToFlinkOnce) {
  publish({{"source", {{"a", "b"}, {"c"}, {}}}, {"map", {{"d"}, {"e"}, {"f"}}}});
  auto elements = elements_of_source();
  ASSERT_TRUE(elements.ok()) << elements.status().to_string();
  std::sort(elements->begin(), elements->end());
  EXPECT_EQ(*elements, (std::vector{list_element("source", "a"), list_element("source", "b"),
                                    list_element("source", "c")}));
}

TEST_F(WeirSnapshot, GivesFlinkTheStateOfOtherOperatorsOfASourcesChainToo) {
  graph_.vertices[0].chain.push_back(graph_.vertices[1].chain[0]);
  graph_.vertices.pop_back();
  publish({{"source", {{"a"}}}, {"map", {{"d"}}}});
  const auto elements = elements_of_source();
  ASSERT_TRUE(elements.ok()) << elements.status().to_string();
  EXPECT_EQ(*elements, (std::vector{list_element("source", "a"), list_element("map", "d")}));
}

TEST_F(WeirSnapshot, OfAFinishedSourceGivesNothing) {
  publish({{"source", {{}, {}}}});
  const auto elements = elements_of_source();
  ASSERT_TRUE(elements.ok()) << elements.status().to_string();
  EXPECT_TRUE(elements->empty());
}

TEST_F(WeirSnapshot, WithUnionStateInASourcesChainIsRefused) {
  mode_ = ListStateMode::kUnion;
  publish({{"source", {{"a"}}}});
  const auto elements = elements_of_source();
  EXPECT_EQ(elements.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(elements.status().message().find(
                "operator 'source' (uid 'source') has the list state 'list' in mode union"),
            std::string::npos)
      << elements.status().message();
}

TEST_F(WeirSnapshot, WithUnclaimedStateIsRefusedUnlessItMayBeDropped) {
  publish({{"source", {{"a"}}}, {"gone", {{"b"}}}});
  EXPECT_EQ(ChainSnapshot::load("/job/chk-41", graph_, 1, 2, false, files_).status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_TRUE(ChainSnapshot::load("/job/chk-41", graph_, 1, 2, true, files_).ok());
}

TEST_F(WeirSnapshot, HasTheStateOfAUidHash) {
  publish({{"old", {{"a"}}}});
  graph_.vertices[0].chain[0].uid_hash = murmur3_128("old");
  const auto elements = elements_of_source();
  ASSERT_TRUE(elements.ok()) << elements.status().to_string();
  EXPECT_EQ(*elements, std::vector{list_element("source", "a")});
}

TEST_F(WeirSnapshot, RestoresASubtaskAtFlinksParallelism) {
  publish({{"map", {{"d"}, {"e", "f"}, {"g"}}}});
  const std::vector<std::vector<std::string>> expected = {{"d"}, {"e"}, {"f"}, {"g"}};
  NoServices services(files_);
  for (int subtask = 0; subtask < 4; ++subtask) {
    auto snapshot = ChainSnapshot::load("/job/chk-41", graph_, 1, 4, false, files_);
    ASSERT_TRUE(snapshot.ok()) << snapshot.status().to_string();
    EXPECT_EQ(snapshot->checkpoint_id(), 41);
    FiberPool fibers;
    SuspendableCall call(fibers);
    OperatorChain chain(
        graph_.vertices[1], {.subtask = subtask, .parallelism = 4}, services,
        [](const Status&) { FAIL(); }, {}, call);
    ASSERT_TRUE(open_and_restore(chain, snapshot->task_start(), files_).ok());
    EXPECT_EQ(restored_, expected[static_cast<size_t>(subtask)]);
  }
}

TEST_F(WeirSnapshot, MissingOneIsNamed) {
  EXPECT_EQ(ChainSnapshot::load("/job/chk-42", graph_, 1, 2, false, files_).status().code(),
            StatusCode::kNotFound);
}

}  // namespace
}  // namespace weir
