#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "weir/detail/page_arena.h"
#include "weir/detail/snapshot_tracker.h"

namespace weir::detail {

/// Keeps memory ready for the pages that an operator copies while a checkpoint of it is written, so that it need not wait for the
/// system's then. How much: what was copied at the last checkpoint and a quarter more, as a part of the state's size. Before there
/// was one: the part of its pages that records at the highest rate so far would reach while a checkpoint is written at
/// kAssumedSpeed, if their keys are evenly spread; that is 7 % at 1000 records a second, 55 % at 10 000, all from 50 000 on.
/// What proves to be too much goes back to the system. Thread: the operator's.
class CopyReserve {
 public:
  struct Host {
    double limit = 0;  ///< at most this part of the state's size; 0: nothing is kept ready
    PageArena::RunElsewhere run_elsewhere;
    std::function<int64_t()> now_ms;
  };
  static constexpr double kAssumedSpeed = 100e6;           ///< bytes a second
  static constexpr size_t kLeastState = size_t{64} << 20;  ///< smaller ones are copied in no time

  void enable(Host host) { host_ = std::move(host); }
  bool enabled() const { return host_.limit > 0; }
  void add(std::shared_ptr<PageArena> arena);

  /// Once a batch. `garbage`: some of what was kept for snapshots has not been given back.
  void after_batch(size_t records, bool garbage, SnapshotTracker& tracker) {
    records_ += records;
    if (++batches_ % kBatchesPerLook == 0 && enabled()) look(garbage, tracker);
  }

 private:
  static constexpr uint32_t kBatchesPerLook = 16;

  struct Kept {
    std::shared_ptr<PageArena> arena;
    size_t used = 0;    ///< bytes, when no snapshot was in the way
    size_t copied = 0;  ///< bytes since it was made, likewise
    double share = 0;   ///< of the used bytes: what the last checkpoint had copied
  };

  void look(bool garbage, SnapshotTracker& tracker);
  void estimate_from_rate();

  Host host_;
  std::vector<Kept> kept_;
  uint32_t batches_ = 0;
  size_t records_ = 0;       ///< since rate_since_ms_
  int64_t rate_since_ms_ = -1;
  double estimated_share_ = 0;  ///< until there was a checkpoint
  int64_t epoch_ = 0;        ///< of the last snapshot that is counted
};

}  // namespace weir::detail
