#pragma once

#include "weir/data_stream.h"

namespace weir {

/// A stream whose records with the same key meet in the same subtask. A value.
template <class T, class K, class KeySelector>
class KeyedStream {
 public:
  using Record = T;
  using Key = K;

 private:
  friend class DataStream<T>;
  KeyedStream(std::shared_ptr<detail::StreamGraph> graph, std::vector<detail::StreamInput> inputs, KeySelector selector)
      : graph_(std::move(graph)), inputs_(std::move(inputs)), selector_(std::move(selector)) {}

  std::shared_ptr<detail::StreamGraph> graph_;
  std::vector<detail::StreamInput> inputs_;
  KeySelector selector_;
};

}  // namespace weir
