#pragma once

#include <cstdint>
#include <vector>

#include "flink/reply_writer.h"
#include "runtime/operator_chain.h"

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
  std::vector<std::vector<Known>> known_;  ///< by operator, in the order of its metrics
  uint16_t next_number_ = 0;
};

}  // namespace weir
