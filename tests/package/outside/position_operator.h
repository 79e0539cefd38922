#pragma once

#include <weir/operator/operator.h>
#include <weir/types/bytes.h>
#include <weir/types/fields.h>
#include <weir/types/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

struct Positioned {
  int64_t number = 0;
  int64_t position = 0;
  WEIR_FIELDS(Positioned, number, position)
  bool operator==(const Positioned&) const = default;
};

/// An operator of a user's own: gives each number its position in the stream of the subtask, from
/// 1, and keeps the last position in state. Calls `completed` after each checkpoint, in the thread
/// of the subtask, and `before_batch` before each batch.
class PositionOperator final : public weir::Operator {
 public:
  struct Hooks {
    std::function<void()> completed;
    std::function<void()> before_batch;
  };

  PositionOperator() = default;
  explicit PositionOperator(Hooks hooks) : hooks_(std::move(hooks)) {}

  weir::Status open(weir::OperatorContext& context) override {
    const auto restored = context.operator_state().declare("position", weir::ListStateMode::kSplit,
                                                           weir::Serializer<int64_t>::describe());
    if (!restored.ok()) return restored.status();
    for (const std::string& element : *restored) {
      weir::BinaryReader in(element);
      int64_t position = 0;
      weir::Serializer<int64_t>::read(in, position);
      position_ += position;
    }
    return {};
  }
  void process(weir::Batch& batch, weir::Output& out) override {
    if (hooks_.before_batch) hooks_.before_batch();
    auto& numbers = static_cast<weir::BatchOf<int64_t>&>(batch);
    weir::BatchOf<Positioned> results;
    for (size_t i = 0; i < numbers.size(); ++i)
      results.add({numbers.records[i], ++position_}, numbers.timestamp(i));
    out.emit(results);
  }
  weir::Status snapshot(weir::SnapshotContext& context) override {
    weir::BinaryWriter element;
    weir::Serializer<int64_t>::write(element, position_);
    context.put_list("position", {element.take()});
    return {};
  }
  void checkpoint_completed(int64_t) override {
    if (hooks_.completed) hooks_.completed();
  }

 private:
  const Hooks hooks_;
  int64_t position_ = 0;
};
