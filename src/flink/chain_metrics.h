#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "flink/reply_writer.h"
#include "runtime/operator_chain.h"
#include "weir/metrics.h"

namespace weir {

/// Tells Flink what the functions of a chain count. Thread: the host's.
class ChainMetrics {
 public:
  /// Puts into the reply what has changed since the reply before.
  void report(OperatorChain& chain, ReplyWriter& reply);

 private:
  struct Known {
    uint16_t number = 0;
    int64_t value = 0;  ///< as told last
  };
  std::map<const MetricGroup::Metric*, Known> known_;
};

}  // namespace weir
