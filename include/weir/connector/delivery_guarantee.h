#pragma once

namespace weir {

/// A sink's promise about each record. Flink's names.
enum class DeliveryGuarantee {
  kNone,         ///< records in flight are lost if a process ends
  kAtLeastOnce,  ///< a checkpoint completes only when all its records are written; after a restore
                 ///< records are written again
  kExactlyOnce,  ///< the destination shows each record once; with Kafka, to readers with
                 ///< isolation.level=read_committed
};

}  // namespace weir
