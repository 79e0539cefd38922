#pragma once

#include <cstdint>
#include <memory>

#include "weir/detail/batch.h"

namespace weir {

/// What travels through a channel: batches, and between them, in band, what is said about the
/// records before and after.
struct StreamElement {
  enum class Kind : uint8_t {
    kBatch,
    kWatermark,  ///< value: no record with a timestamp ≤ value comes any more
    kBarrier,    ///< value: checkpoint id; what came before belongs to the checkpoint, what comes
                 ///< after does not
    kEndOfData,  ///< no batch and no watermark comes any more; barriers may
  };
  Kind kind = Kind::kBatch;
  int64_t value = 0;
  std::unique_ptr<Batch> batch;
};

}  // namespace weir
