// Incremental checkpoints of keyed state: written, described in `_metadata`, swept and restored as
// a job does it.

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "base/strings.h"
#include "checkpoint/keyed_stream.h"
#include "checkpoint/metadata.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/publication.h"
#include "checkpoint/restore_plan.h"
#include "checkpoint/shared_files.h"
#include "checkpoint/snapshot_loader.h"
#include "checkpoint/state_reader.h"
#include "fs/memory/memory_file_system.h"
#include "runtime/incremental_base.h"
#include "runtime/task_snapshot.h"
#include "weir/detail/state/keyed_backend.h"

namespace weir {
namespace {

constexpr int kMaxParallelism = 16;
constexpr int kKeys = 300;
using Backend = detail::KeyedBackend<int64_t>;
using Model = std::map<int64_t, std::string>;

uint64_t place_of(Backend& states, int64_t key) {
  return states.places().place(Serializer<int64_t>::hash(key), detail::table_hash(key));
}

/// One subtask of an operator whose state is a text for each key.
struct Subtask {
  explicit Subtask(KeyGroupRange range) : states("op", range, kMaxParallelism) {
    states.tracker().track_changes(true);
    text = states.state(ValueStateDescriptor<std::string>{"text"});
  }
  bool owns(int64_t key) const {
    return states.places().range().contains(
        key_group_of(Serializer<int64_t>::hash(key), kMaxParallelism));
  }
  ValueState<std::string>& at(const int64_t& key) {
    states.set_current_key(key, place_of(states, key));
    return text;
  }
  Backend states;
  ValueState<std::string> text;
};

class Job {
 public:
  explicit Job(uint32_t seed) : random_(seed) {
    for (int i = 0; i < 2; ++i)
      subtasks_.push_back(std::make_unique<Subtask>(key_groups_of_subtask(i, 2, kMaxParallelism)));
  }
  int below(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }

  void change(int times) {
    for (int i = 0; i < times; ++i) {
      const int64_t key = below(kKeys);
      Subtask& its = *subtasks_[subtasks_[0]->owns(key) ? 0 : 1];
      if (below(4) == 0) {
        its.at(key).clear();
        model_.erase(key);
      } else {
        model_[key] = cat("value ", below(1000));
        its.at(key).update(model_[key]);
      }
    }
  }

  enum class Kind { kIncremental, kFull, kSavepoint };
  struct Written {
    CheckpointId id = 0;
    SnapshotWriteResult result;
    std::vector<int64_t> epochs;
    Model model;
  };
  Written write(Kind kind) {
    Written written;
    written.id = ++id_;
    written.model = model_;
    std::vector<TaskSnapshot> tasks(2);
    for (size_t i = 0; i < 2; ++i) {
      tasks[i].id = id_;
      tasks[i].subtask = static_cast<int>(i);
      OperatorSnapshot op;
      op.id = murmur3_128("op");
      op.uid = op.label = "op";
      op.keyed = subtasks_[i]->states.snapshot();
      op.base = durable_;
      written.epochs.push_back(op.keyed->epoch());
      tasks[i].operators.push_back(std::move(op));
    }
    const FileLocation savepoint = job_.child("savepoint");
    SnapshotWriteOptions options{.inline_threshold = 0};
    options.incremental = &base_;
    options.full = kind == Kind::kFull;
    if (kind == Kind::kSavepoint) options.savepoint = &savepoint;
    auto result = write_snapshots(*fs_, "/job/shared",
                                  shared_file_name({id_, {0, static_cast<uint64_t>(id_)}}), options,
                                  std::move(tasks));
    EXPECT_TRUE(result.ok()) << result.status().to_string();
    written.result = *std::move(result);
    return written;
  }
  CheckpointContent content(const Written& written) const {
    CheckpointContent content;
    content.metadata.checkpoint_id = written.id;
    OperatorSnapshotState op{"op", "op", murmur3_128("op"), 2, kMaxParallelism, {}};
    for (const OperatorSubtaskState& state : written.result.states)
      op.subtasks[state.subtask] = state.state;
    content.metadata.operators.push_back(std::move(op));
    content.sidecar.files = written.result.files;
    content.sidecar.operators = written.result.descriptions;
    return content;
  }
  void complete(const Written& written) {
    const PublishResult published = CheckpointPublication(job_, content(written), 1).publish();
    ASSERT_TRUE(published.status.ok()) << published.status.to_string();
    base_.completed(written.id);
    for (size_t i = 0; i < 2; ++i) subtasks_[i]->states.set_base(written.epochs[i]);
    if (durable_ > 0) {
      ASSERT_TRUE(fs_->remove_all(job_.child(checkpoint_directory_name(durable_)).path).ok());
    }
    durable_ = written.id;
    SharedSweep sweep;
    sweep.up_to = written.id;
    ASSERT_TRUE(sweep_shared_files(job_, sweep).ok());
  }
  void fail(const Written& written) {
    base_.aborted(written.id);
    ASSERT_TRUE(remove_shared_files_of(job_, written.id, std::nullopt).ok());
  }
  /// The files in `shared/` are those that the newest checkpoint names.
  void expect_no_leak(const Written& newest) {
    std::set<std::string> named, there;
    for (const DataFile& file : newest.result.files)
      named.insert(std::string(*parse_shared_reference(file.name)));
    const std::vector<FileInfo> files = fs_->list("/job/shared").value();
    for (const FileInfo& file : files) there.insert(file.path.substr(file.path.rfind('/') + 1));
    EXPECT_EQ(there, named);
  }

  /// Restores a snapshot at another parallelism.
  static Model restored(const FileLocation& directory, int parallelism) {
    LoadOptions options;
    options.read_all = true;
    options.require_sidecar = true;
    auto loaded = load_checkpoint(directory, options);
    EXPECT_TRUE(loaded.ok()) << loaded.status().to_string();
    if (!loaded.ok()) return {};
    RestoreTarget target;
    target.id = murmur3_128("op");
    target.uid = target.name = "op";
    target.parallelism = parallelism;
    target.max_parallelism = kMaxParallelism;
    const auto plan = plan_restore(loaded->metadata, {target}, {});
    EXPECT_TRUE(plan.ok()) << plan.status().to_string();
    Model model;
    for (int i = 0; i < parallelism; ++i) {
      Subtask subtask(key_groups_of_subtask(i, parallelism, kMaxParallelism));
      StateReader reader(directory, nullptr, &*loaded->sidecar);
      for (const KeyedStateSelection& part :
           plan->operators[0].subtasks[static_cast<size_t>(i)].keyed) {
        const auto read = reader.open(part.handle->stream);
        EXPECT_TRUE(read.ok()) << read.status().to_string();
        const Status status =
            restore_keyed_state(*part.handle, part.groups, *read, nullptr, false, subtask.states);
        EXPECT_TRUE(status.ok()) << status.to_string();
      }
      for (int64_t key = 0; key < kKeys; ++key) {
        if (!subtask.owns(key)) continue;
        if (const std::string* value = subtask.at(key).value()) model[key] = *value;
      }
    }
    return model;
  }

  FileLocation directory(CheckpointId id) const {
    return job_.child(checkpoint_directory_name(id));
  }
  const FileLocation& location() const { return job_; }
  MemoryFileSystem& disk() { return *fs_; }

 private:
  std::shared_ptr<MemoryFileSystem> fs_ = std::make_shared<MemoryFileSystem>();
  FileLocation job_{fs_, "/job", "mem:///job"};
  std::mt19937 random_;
  std::vector<std::unique_ptr<Subtask>> subtasks_;
  IncrementalBase base_;
  Model model_;
  CheckpointId id_ = 0;
  CheckpointId durable_ = 0;
};

bool has_layers(const Job::Written& written) {
  return !written.result.states[0].state.keyed_state->layers.empty();
}

TEST(IncrementalSnapshot, RestoresAtAnyParallelismWhateverFailedBefore) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(cat("seed ", seed));
    Job job(seed);
    job.change(1000);
    int layered = 0;
    for (int i = 0; i < 60; ++i) {
      job.change(job.below(seed % 2 == 0 ? 5 : 200));
      const int kind = job.below(12);
      const Job::Written written = job.write(kind == 0   ? Job::Kind::kFull
                                             : kind == 1 ? Job::Kind::kSavepoint
                                                         : Job::Kind::kIncremental);
      job.change(job.below(20));
      if (kind == 1) {
        const FileLocation place = job.location().child("savepoint");
        auto savepoint = CheckpointPublication::of_savepoint(place, job.content(written), 2);
        ASSERT_TRUE(savepoint.publish().status.ok());
        EXPECT_EQ(Job::restored(place, 3), written.model);
        ASSERT_TRUE(job.disk().remove_all(place.path).ok());
      }
      if (job.below(4) == 0) {
        job.fail(written);
        continue;
      }
      job.complete(written);
      ASSERT_EQ(Job::restored(job.directory(written.id), 1 + job.below(5)), written.model);
      job.expect_no_leak(written);
      layered += has_layers(written) ? 1 : 0;
    }
    EXPECT_GT(layered, 20);
  }
}

TEST(IncrementalSnapshot, OfStateThatDoesNotChangeWritesNoFile) {
  Job job(1);
  job.change(1000);
  job.complete(job.write(Job::Kind::kIncremental));
  const Job::Written written = job.write(Job::Kind::kIncremental);
  EXPECT_EQ(written.result.bytes, 0);
  EXPECT_EQ(written.result.files.size(), 1u);  // the older one
  job.complete(written);
  EXPECT_EQ(Job::restored(job.directory(written.id), 2), written.model);
}

TEST(IncrementalSnapshot, AFullOneRefersToNothingOlder) {
  Job job(2);
  job.change(1000);
  job.complete(job.write(Job::Kind::kIncremental));
  job.change(10);
  const Job::Written full = job.write(Job::Kind::kFull);
  EXPECT_FALSE(has_layers(full));
  EXPECT_EQ(full.result.files.size(), 1u);
  job.complete(full);
  job.change(10);
  EXPECT_TRUE(has_layers(job.write(Job::Kind::kIncremental)));
}

TEST(IncrementalSnapshot, AMissingSharedFileIsDamage) {
  Job job(3);
  job.change(1000);
  const Job::Written written = job.write(Job::Kind::kIncremental);
  job.complete(written);
  ASSERT_TRUE(job.disk().remove_all("/job/shared").ok());
  const auto loaded = load_checkpoint(job.directory(written.id), {});
  EXPECT_EQ(loaded.status().code(), StatusCode::kDataLoss);
  EXPECT_NE(loaded.status().message().find("mem:///job/shared/data-1-0-"), std::string::npos)
      << loaded.status().to_string();
}

TEST(SharedFiles, StayWhileAnyCheckpointOfTheDirectoryNeedsThem) {
  Job job(4);
  job.change(1000);
  const Job::Written first = job.write(Job::Kind::kIncremental);
  job.complete(first);
  // Somebody else's copy of checkpoint 1, under a number of its own.
  for (const char* name : {"_metadata", "_weir"}) {
    const std::string bytes = read_file(job.disk(), cat("/job/chk-1/", name)).value();
    ASSERT_TRUE(write_file(job.disk(), cat("/job/chk-77/", name), bytes).ok());
  }
  job.change(10);
  const Job::Written full = job.write(Job::Kind::kFull);
  job.complete(full);
  EXPECT_EQ(job.disk().list("/job/shared").value().size(), 2u);
  EXPECT_TRUE(unreferenced_shared_files(job.location()).value().empty());
  ASSERT_TRUE(job.disk().remove_all("/job/chk-77").ok());
  EXPECT_EQ(unreferenced_shared_files(job.location()).value().size(), 1u);
  SharedSweep sweep;
  sweep.up_to = full.id;
  sweep.needed = {std::string(*parse_shared_reference(first.result.files[0].name))};
  ASSERT_TRUE(sweep_shared_files(job.location(), sweep).ok());
  EXPECT_EQ(job.disk().list("/job/shared").value().size(), 2u) << "a pending one may need it";
  sweep.needed.clear();
  sweep.up_to = 0;
  ASSERT_TRUE(sweep_shared_files(job.location(), sweep).ok());
  EXPECT_EQ(job.disk().list("/job/shared").value().size(), 2u) << "it may be another's";
  sweep.up_to = full.id;
  ASSERT_TRUE(sweep_shared_files(job.location(), sweep).ok());
  job.expect_no_leak(full);
}

}  // namespace
}  // namespace weir
