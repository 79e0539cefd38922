#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "weir/connector/sink.h"
#include "weir/types/bytes.h"

namespace weir {

/// Collects records exactly once in the memory of this process, for tests of jobs:
///
///   CollectSink<int64_t> sink;
///   stream.sink_to(sink);
///   env.execute("job");
///   sink.records();
///
/// Copies share the collected records. Records become visible when their checkpoint is complete or
/// the job has ended.
template <class T>
class CollectSink final : public Sink<T> {
 public:
  /// The visible records, in the order of checkpoints and subtasks. Thread: any.
  std::vector<T> records() const {
    const std::lock_guard lock(shared_->mutex);
    std::vector<T> all;
    for (const auto& [id, epoch] : shared_->epochs) {
      if (epoch.committed) all.insert(all.end(), epoch.records.begin(), epoch.records.end());
    }
    return all;
  }

  std::unique_ptr<SinkWriter<T>> create_writer() const override {
    return std::make_unique<Writer>(shared_);
  }
  std::unique_ptr<Committer> create_committer(FileSystemRegistry&) const override {
    return std::make_unique<Commits>(shared_);
  }
  Status probe(FileSystemRegistry&) const override { return {}; }

 private:
  /// Checkpoint, subtask and attempt.
  using EpochId = std::tuple<int64_t, int, uint64_t>;
  static std::string name_of(const EpochId& id) {
    return std::to_string(std::get<0>(id)) + "-" + std::to_string(std::get<1>(id)) + "-" +
           std::to_string(std::get<2>(id));
  }
  struct Epoch {
    std::vector<T> records;
    bool committed = false;
  };
  struct Shared {
    std::mutex mutex;
    std::map<EpochId, Epoch> epochs;
  };

  class Writer final : public SinkWriter<T> {
   public:
    explicit Writer(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
    Status open(OperatorContext& context) override {
      context_ = &context;
      return {};
    }
    void write(BatchOf<T>& batch) override {
      for (auto& record : batch.records) records_.push_back(std::move(record));
    }
    std::vector<std::string> prepare_commit(SnapshotContext& context) override {
      const EpochId id{context.checkpoint_id(), context_->subtask(), context_->attempt_nonce()};
      const std::lock_guard lock(shared_->mutex);
      shared_->epochs[id].records = std::exchange(records_, {});
      BinaryWriter out;
      out.put_i64(std::get<0>(id));
      out.put_i32(std::get<1>(id));
      out.put_u64(std::get<2>(id));
      return {out.take()};
    }

   private:
    const std::shared_ptr<Shared> shared_;
    OperatorContext* context_ = nullptr;
    std::vector<T> records_;
  };

  class Commits final : public Committer {
   public:
    explicit Commits(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
    Status commit(const std::vector<std::string>& committables) override {
      const std::lock_guard lock(shared_->mutex);
      for (const std::string& bytes : committables) {
        BinaryReader in(bytes);
        const int64_t checkpoint_id = in.get_i64();
        const int subtask = in.get_i32();
        const auto epoch = shared_->epochs.find(EpochId{checkpoint_id, subtask, in.get_u64()});
        if (epoch == shared_->epochs.end())
          return data_loss("a CollectSink cannot be restored in another process");
        epoch->second.committed = true;
      }
      return {};
    }
    StatusOr<std::vector<std::string>> find_orphans(const SinkStart& start) override {
      std::vector<std::string> found;
      const std::lock_guard lock(shared_->mutex);
      for (const auto& [id, epoch] : shared_->epochs) {
        if (std::get<0>(id) > start.restored_checkpoint) found.push_back(name_of(id));
      }
      return found;
    }
    Status remove_orphans(const std::vector<std::string>& names) override {
      const std::lock_guard lock(shared_->mutex);
      for (const std::string& name : names)
        std::erase_if(shared_->epochs,
                      [&](const auto& epoch) { return name_of(epoch.first) == name; });
      return {};
    }

   private:
    const std::shared_ptr<Shared> shared_;
  };

  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace weir
