#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fs/file_system_registry.h"
#include "weir/detail/base/check.h"
#include "weir/operator/operator.h"

namespace weir {

/// Hosts one operator in a test. The test sets the clock; there are no files and no I/O pool.
class TestContext final : public OperatorContext,
                          public OperatorStateStore,
                          public SnapshotContext,
                          public FileSystemRegistry {
 public:
  using Lists = std::map<std::string, std::vector<std::string>>;

  explicit TestContext(Lists restored = {}) : restored_(std::move(restored)) {}

  const std::string& operator_name() const override { return name_; }
  const std::string& uid() const override { return name_; }
  int subtask() const override { return 0; }
  int parallelism() const override { return 1; }
  int max_parallelism() const override { return 128; }
  uint64_t attempt_nonce() const override { return 1; }
  int64_t restored_checkpoint() const override { return restored_.empty() ? -1 : 1; }
  OperatorStateStore& operator_state() override { return *this; }
  FileSystemRegistry& files() override { return *this; }
  int64_t processing_time_ms() const override { return now_ms; }
  int64_t active_ms() const override { return now_ms - waited_ms; }
  void run_blocking(std::function<std::function<void()>()>) override { WEIR_CHECK(false); }
  void fail(Status status) override { failure = std::move(status); }

  StatusOr<std::vector<std::string>> declare(const std::string& name, ListStateMode,
                                             TypeDescription) override {
    return restored_[name];
  }

  StatusOr<FileLocation> resolve(const std::string& uri) override {
    return not_found("there are no files here, not even " + uri);
  }

  int64_t checkpoint_id() const override { return 1; }
  void put_list(const std::string& name, std::vector<std::string> elements) override {
    lists[name] = std::move(elements);
  }
  void before_ack(std::function<Status()>) override { WEIR_CHECK(false); }

  int64_t now_ms = 1'000'000;
  int64_t waited_ms = 0;
  Lists lists;  ///< the lists that the operator put
  Status failure;

 private:
  const std::string name_ = "test";
  Lists restored_;
};

/// Keeps the output of an operator. Swaps the memory of the emitted batch, as a channel does.
template <class T>
class TestOutput final : public Output {
 public:
  void emit(Batch& batch) override {
    auto taken = std::make_unique<BatchOf<T>>();
    taken->swap(batch);
    batches.push_back(std::move(taken));
  }
  std::vector<T> records() const {
    std::vector<T> all;
    for (const auto& batch : batches)
      all.insert(all.end(), batch->records.begin(), batch->records.end());
    return all;
  }
  std::vector<Timestamp> timestamps() const {
    std::vector<Timestamp> all;
    for (const auto& batch : batches)
      all.insert(all.end(), batch->timestamps.begin(), batch->timestamps.end());
    return all;
  }

  std::vector<std::unique_ptr<BatchOf<T>>> batches;
};

template <class T>
BatchOf<T> batch_of(std::vector<T> records, std::vector<Timestamp> timestamps = {}) {
  BatchOf<T> batch;
  for (auto&& record : records) batch.records.push_back(T(std::move(record)));
  batch.timestamps = std::move(timestamps);
  return batch;
}

}  // namespace weir
