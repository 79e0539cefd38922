#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "weir/detail/types/record_codec.h"
#include "weir/operator/batch.h"
#include "weir/status.h"

namespace weir {

/// Limits the size of the batches of an edge: by the configured number of records, and
/// approximately by bytes. The bytes are estimated from a sample of records. The estimate rises at
/// once when records are large, and falls slowly. Thread: the shard's.
class BatchLimit {
 public:
  /// `codec` measures records; if it is null, only their number counts.
  BatchLimit(size_t records, size_t bytes, std::shared_ptr<const RecordCodec> codec);

  /// Samples a batch that is about to be sent.
  void measure(const Batch& batch);
  /// A batch with this number of records is full.
  size_t full() const { return full_; }
  /// The maximum number of records in a batch; larger ones must be split.
  size_t most() const { return most_; }
  /// What this number of records takes when it is serialized, by the average of those measured; 0
  /// if none was.
  int64_t bytes_of(size_t records) const {
    if (measured_ == 0) return 0;
    return static_cast<int64_t>(static_cast<double>(records) *
                                static_cast<double>(measured_bytes_) /
                                static_cast<double>(measured_));
  }

 private:
  const size_t records_;
  const size_t bytes_;
  std::shared_ptr<const RecordCodec> codec_;
  size_t full_;
  size_t most_;
  size_t record_bytes_ = 0;  // 0: nothing was measured yet
  size_t unmeasured_ = 0;    // records since the last measurement
  size_t position_ = 0;
  uint64_t measured_ = 0;  // records
  uint64_t measured_bytes_ = 0;
};

/// Checks the size of each record. FAILED_PRECONDITION, with the size: a record of the batch is
/// larger than `most` bytes. OK if `codec` is null.
Status check_record_bytes(const Batch& batch, const RecordCodec* codec, size_t most);

/// Moves the records of `batch`, in order, into batches of at most `most` records.
std::vector<std::unique_ptr<Batch>> split_batch(Batch& batch, size_t most);

}  // namespace weir
