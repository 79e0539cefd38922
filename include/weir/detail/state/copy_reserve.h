#pragma once

#include <cstdint>
#include <functional>

#include "weir/detail/state/page_arena.h"
#include "weir/detail/state/snapshot_tracker.h"

namespace weir::detail {

/// Keeps memory ready for the pages that an operator copies during a checkpoint, so that it need
/// not wait for memory from the system.
///
/// The amount is what the last checkpoint copied plus a quarter, relative to the size of the state.
/// Before the first checkpoint it is an estimate: the share of pages that records at the highest
/// rate so far would reach while a checkpoint is written at kAssumedSpeed, if keys are evenly
/// spread. That is 7 % at 1000 records a second, 55 % at 10 000, and all from 50 000 on.
///
/// Excess memory returns to the system, and so does memory that the state has not needed for
/// kPeriodMs. Thread: the operator's.
class CopyReserve {
 public:
  struct Host {
    double limit = 0;  ///< maximum share of the state's size; 0: keep nothing ready
    PageArena::RunElsewhere run_elsewhere;
    std::function<int64_t()> now_ms;
  };
  static constexpr double kAssumedSpeed = 100e6;         ///< bytes a second
  static constexpr size_t kMinState = size_t{64} << 20;  ///< smaller states are copied quickly
  static constexpr int64_t kPeriodMs = 10'000;

  void enable(Host host) { host_ = std::move(host); }

  /// Called once per batch.
  void after_batch(size_t records, SnapshotTracker& tracker) {
    records_ += records;
    if (++batches_ % kBatchesPerLook == 0) look(tracker);
  }
  /// The part of after_batch() that runs only now and then.
  void look(SnapshotTracker& tracker);

 private:
  static constexpr uint32_t kBatchesPerLook = 16;

  void keep_ready(SnapshotTracker& tracker);
  void estimate_from_rate(int64_t now);

  Host host_;
  size_t used_ = 0;    ///< bytes of the state, last measured without a snapshot
  size_t copied_ = 0;  ///< bytes copied since the start, at that time
  double share_ = 0;   ///< share of the used bytes that the last checkpoint copied
  int64_t peak_since_ms_ = -1;
  uint32_t batches_ = 0;
  size_t records_ = 0;  ///< since rate_since_ms_
  int64_t rate_since_ms_ = -1;
  double estimated_share_ = 0;  ///< until the first checkpoint
  int64_t epoch_ = 0;           ///< of the last snapshot that was counted
};

}  // namespace weir::detail
