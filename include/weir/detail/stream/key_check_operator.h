#pragma once

#include <string>
#include <utility>

#include "weir/detail/stream/batch_keys.h"
#include "weir/detail/types/show_value.h"
#include "weir/operator/operator.h"

namespace weir::detail {

/// A record's key belongs to another subtask. `record` and `key`: as text.
Status key_of_another_subtask(const OperatorContext& context, const std::string& record,
                              const std::string& key, int group);

/// Forwards the records of a stream that is already divided by key, with their key hashes. Fails
/// the task at a record whose key belongs to another subtask.
template <class T, class KeySelector>
class KeyCheckOperator final : public Operator {
 public:
  explicit KeyCheckOperator(KeySelector selector) : selector_(selector), hasher_(selector) {}

  Status open(OperatorContext& context) override {
    context_ = &context;
    return {};
  }
  void process(Batch& batch, Output& out) override {
    batch.key_hashes.clear();
    hasher_.hash(batch);
    const KeyGroupRange own = context_->key_groups();
    for (size_t i = 0; i < batch.size(); ++i) {
      const int group = key_group_of(batch.key_hashes[i], context_->max_parallelism());
      if (own.contains(group)) continue;
      const T& record = static_cast<BatchOf<T>&>(batch).records[i];
      return context_->fail(key_of_another_subtask(
          *context_, show_value(record), show_value(std::invoke(selector_, record)), group));
    }
    out.emit(batch);
  }

 private:
  const KeySelector selector_;
  const TypedKeyHasher<T, KeySelector> hasher_;
  OperatorContext* context_ = nullptr;
};

}  // namespace weir::detail
