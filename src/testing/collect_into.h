#pragma once

#include <utility>
#include <vector>

#include "weir/operator/collector.h"

namespace weir {

/// A collector that keeps what it receives.
template <class T>
class CollectInto final : private Output {
 public:
  Collector<T>& collector() { return collector_; }
  /// Returns the records since the last call.
  std::vector<T> take() {
    collector_.flush();
    return std::exchange(taken_, {});
  }

 private:
  void emit(Batch& batch) override {
    for (auto& record : static_cast<BatchOf<T>&>(batch).records) taken_.push_back(record);
    batch.clear();
  }

  BatchOf<T> buffer_;
  Collector<T> collector_{*this, buffer_};
  std::vector<T> taken_;
};

}  // namespace weir
