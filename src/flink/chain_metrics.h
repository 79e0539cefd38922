#pragma once

#include <cstdint>
#include <vector>

#include "flink/reply_writer.h"
#include "runtime/operator_chain.h"

namespace weir {

/// Reports the metrics of a chain's functions to Flink. Thread: the host's.
class ChainMetrics {
 public:
  /// Adds metrics that changed since the last reply.
  void report(OperatorChain& chain, ReplyWriter& reply);

 private:
  struct Known {
    uint16_t number = 0;
    int64_t value = 0;  ///< last reported
  };
  std::vector<std::vector<Known>> known_;  ///< by operator, in the order of its metrics
  uint16_t next_number_ = 0;
};

}  // namespace weir
