#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "weir/detail/batch.h"
#include "weir/detail/record_codec.h"

namespace weir {

/// How many records of an edge travel together: no more than are configured, and no more than take
/// about so many bytes, as far as a record here and there tells. Large records are noticed at once
/// and forgotten slowly. Thread: the shard's.
class BatchLimit {
 public:
  /// `codec` tells how large records are; without one (null) only their number counts.
  BatchLimit(size_t records, size_t bytes, std::shared_ptr<const RecordCodec> codec);

  /// Looks at records that are to leave.
  void measure(const Batch& batch);
  /// A batch of so many records is full.
  size_t full() const { return full_; }
  /// A batch of more records than these is too large.
  size_t most() const { return most_; }

 private:
  const size_t records_;
  const size_t bytes_;
  std::shared_ptr<const RecordCodec> codec_;
  size_t full_;
  size_t most_;
  size_t record_bytes_ = 0;  // 0: nothing was measured
  size_t unmeasured_ = 0;    // records since
  size_t position_ = 0;
};

/// The batch's records in batches of `most` at most, in their order; then it is empty.
std::vector<std::unique_ptr<Batch>> split_batch(Batch& batch, size_t most);

}  // namespace weir
