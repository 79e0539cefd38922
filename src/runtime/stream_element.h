#pragma once

#include <cstdint>
#include <memory>

#include "weir/operator/batch.h"

namespace weir {

/// An element of a channel: a batch, or a control element about the records before and after it.
struct StreamElement {
  enum class Kind : uint8_t {
    kBatch,
    kWatermark,  ///< value: no later record has a timestamp ≤ value
    kBarrier,    ///< value: checkpoint id; earlier records belong to the checkpoint, later ones do
                 ///< not
    kEndOfData,  ///< no batch and no watermark follows; barriers may
    kWatermarkStatus,  ///< value: 1 if no records are expected for now (idle), 0 if they are again
  };
  Kind kind = Kind::kBatch;
  int64_t value = 0;
  std::unique_ptr<Batch> batch;
  int input = 0;  ///< of a batch: which input of the operator it is for; set by the input gate
};

}  // namespace weir
