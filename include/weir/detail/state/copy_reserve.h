#pragma once

#include <cstdint>
#include <functional>

#include "weir/detail/state/page_arena.h"
#include "weir/detail/state/snapshot_tracker.h"

namespace weir::detail {

/// Keeps memory ready for the pages that an operator copies while a checkpoint of it is written, so
/// that it need not wait for the system's then. How much: what was copied at the last checkpoint
/// and a quarter more, as a part of the state's size. Before there was one: the part of its pages
/// that records at the highest rate so far would reach while a checkpoint is written at
/// kAssumedSpeed, if their keys are evenly spread; that is 7 % at 1000 records a second, 55 % at 10
/// 000, all from 50 000 on. What proves to be too much goes back to the system, and so does what
/// the state has not needed for kPeriodMs. Thread: the operator's.
class CopyReserve {
 public:
  struct Host {
    double limit = 0;  ///< at most this part of the state's size; 0: nothing is kept ready
    PageArena::RunElsewhere run_elsewhere;
    std::function<int64_t()> now_ms;
  };
  static constexpr double kAssumedSpeed = 100e6;         ///< bytes a second
  static constexpr size_t kMinState = size_t{64} << 20;  ///< smaller ones are copied in no time
  static constexpr int64_t kPeriodMs = 10'000;

  void enable(Host host) { host_ = std::move(host); }

  /// Once a batch.
  void after_batch(size_t records, SnapshotTracker& tracker) {
    records_ += records;
    if (++batches_ % kBatchesPerLook == 0) look(tracker);
  }
  /// What after_batch() does now and then.
  void look(SnapshotTracker& tracker);

 private:
  static constexpr uint32_t kBatchesPerLook = 16;

  void keep_ready(SnapshotTracker& tracker);
  void estimate_from_rate(int64_t now);

  Host host_;
  size_t used_ = 0;    ///< bytes of the state, when no snapshot was in the way
  size_t copied_ = 0;  ///< bytes since the start, at that time
  double share_ = 0;   ///< of the used bytes: what the last checkpoint had copied
  int64_t peak_since_ms_ = -1;
  uint32_t batches_ = 0;
  size_t records_ = 0;  ///< since rate_since_ms_
  int64_t rate_since_ms_ = -1;
  double estimated_share_ = 0;  ///< until there was a checkpoint
  int64_t epoch_ = 0;           ///< of the last snapshot that is counted
};

}  // namespace weir::detail
