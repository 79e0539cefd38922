#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "weir/detail/base/check.h"
#include "weir/operator/operator.h"
#include "weir/state/keyed_state.h"

namespace weir::detail {

/// A list of operator state, with the type of its elements.
struct OfflineList {
  ListStateMode mode = ListStateMode::kSplit;
  TypeDescription element;
  std::vector<std::string> elements;
};
using OfflineLists = std::map<std::string, OfflineList>;

/// One of the parts into which an operator's key groups are split.
struct OfflinePart {
  std::string operator_label;  ///< for messages
  int index = 0;
  int count = 1;
  int max_parallelism = 128;
};

/// The context of an operator outside of a job. What the operator emits is dropped. Blocking work
/// runs at once. Thread: one.
class OfflineContext final : public OperatorContext,
                             private OperatorStateStore,
                             private SnapshotContext,
                             public Output {
 public:
  explicit OfflineContext(OfflinePart part, OfflineLists restored = {})
      : part_(std::move(part)), restored_(std::move(restored)) {}

  /// Opens the operator and gives it the restored lists.
  Status open(Operator& op);
  /// Takes what the operator has put: its declared lists.
  StatusOr<OfflineLists> snapshot(Operator& op);

  const std::string& operator_name() const override { return part_.operator_label; }
  const std::string& uid() const override { return part_.operator_label; }
  int subtask() const override { return part_.index; }
  int parallelism() const override { return part_.count; }
  int max_parallelism() const override { return part_.max_parallelism; }
  uint64_t attempt_nonce() const override { return 1; }
  int64_t restored_checkpoint() const override { return restored_.empty() ? -1 : 0; }
  OperatorStateStore& operator_state() override { return *this; }
  FileSystemRegistry& files() override;
  int64_t processing_time_ms() const override;
  void run_blocking(std::function<std::function<void()>()> work) override;
  void fail(Status status) override { failure_ = std::move(status); }
  void emit(Batch& batch) override { batch.clear(); }

 private:
  StatusOr<std::vector<std::string>> declare(const std::string& name, ListStateMode mode,
                                             TypeDescription element) override;
  int64_t checkpoint_id() const override { return 1; }
  void put_list(const std::string& name, std::vector<std::string> elements) override;
  void before_ack(std::function<Status()> work) override { work_.push_back(std::move(work)); }

  const OfflinePart part_;
  OfflineLists restored_;
  OfflineLists declared_;
  std::vector<std::function<Status()>> work_;
  Status failure_;
};

}  // namespace weir::detail
