#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/stream/batch_keys.h"
#include "weir/detail/types/show_value.h"
#include "weir/operator/operator.h"

namespace weir::detail {

/// The answer of a user's partitioner is no subtask. `key`: as text.
Status no_such_subtask(const std::string& key, int64_t answer, int receivers);

/// See RecordPartitioner.
template <class T, class P, class KeySelector>
class TypedPartitioner final : public RecordPartitioner {
 public:
  TypedPartitioner(P partitioner, KeySelector selector)
      : partitioner_(std::move(partitioner)), selector_(std::move(selector)) {}
  std::unique_ptr<RecordPartitioner> copy() const override {
    return std::make_unique<TypedPartitioner>(partitioner_, selector_);
  }
  Status choose(const Batch& batch, int receivers, std::vector<uint16_t>* which) const override {
    const auto& records = static_cast<const BatchOf<T>&>(batch).records;
    which->resize(records.size());
    for (size_t i = 0; i < records.size(); ++i) {
      const KeyOf<T, KeySelector>& key = std::invoke(selector_, static_cast<const T&>(records[i]));
      const int64_t answer = std::invoke(partitioner_, key, receivers);
      if (answer < 0 || answer >= receivers)
        return no_such_subtask(show_value(key), answer, receivers);
      (*which)[i] = static_cast<uint16_t>(answer);
    }
    return {};
  }

 private:
  const P partitioner_;
  const KeySelector selector_;
};

}  // namespace weir::detail
