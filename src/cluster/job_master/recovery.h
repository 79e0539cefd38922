#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/ids.h"
#include "cluster/job_master/restart_backoff.h"
#include "weir/status.h"

namespace weir {

/// Whether trying again may mend it. What the program, its settings or its input make wrong stays
/// wrong.
bool may_pass(const Status& failure);
/// The same of what happened while the next attempt was prepared: there a missing or a damaged
/// checkpoint is no accident of a moment either.
bool preparation_may_pass(const Status& failure);

/// Decides what follows a failure, and remembers the earlier ones for it. Pure: time and chance
/// come in by argument. Not here: ending the attempt, and carrying the decision out (JobMaster).
class Recovery {
 public:
  /// `takes_over`: others have led the job before.
  Recovery(RestartBackoffOptions backoff, bool takes_over)
      : backoff_(backoff), takes_over_(takes_over) {}

  enum class Next {
    kRestart,      ///< after the back-off
    kPrepareAnew,  ///< at once, as the first start: it reads everything, and then refuses or falls
                   ///< back
    kSetAside,     ///< from the checkpoint before the one that the attempt was to restore
    kGiveUp,       ///< the job has failed: another attempt would not mend it
    kRefuse,       ///< the job has failed before its first record
  };
  struct Decision {
    Next next = Next::kRestart;
    int repeated = 1;  ///< the same failure in a row, with no checkpoint completed in between
    bool start_anew = false;  ///< the start itself is in doubt: prepare as for the first one
  };
  /// `deploying`: the tasks were still reading their state, of the checkpoint `restored` (-1:
  /// none).
  Decision on_attempt_failed(const Status& failure, bool deploying, CheckpointId restored);
  /// `restart`: a start has been prepared before.
  Next on_preparation_failed(const Status& failure, bool restart) const;
  /// The wait before the next start; none: the restart strategy allows no further one. `random` is
  /// uniform in [0, 1).
  std::optional<MonotonicTime> back_off(MonotonicTime now, double random) {
    return backoff_.on_failure(now, random);
  }
  const char* strategy() const { return backoff_.name(); }

  void on_running() { has_run_ = true; }
  void on_checkpoint_completed();
  void set_aside(CheckpointId checkpoint) { set_aside_.insert(checkpoint); }

  /// An attempt has.
  bool has_run() const { return has_run_; }
  /// Whether the next preparation must read all of the state. At the start of a job damage is to be
  /// found before the first record. Afterwards the tasks that read the state find it; from then on
  /// until a newer checkpoint is complete all is read before.
  bool must_read_all() const { return damage_met_ || !takes_over_; }
  bool damage_met() const { return damage_met_; }
  const std::set<CheckpointId>& set_aside() const { return set_aside_; }

 private:
  int count(const Status& failure);
  bool restore_failed_again(CheckpointId checkpoint, const Status& failure);

  RestartBackoff backoff_;
  const bool takes_over_;
  bool has_run_ = false;
  bool damage_met_ = false;  // by an attempt that read its state
  std::set<CheckpointId> set_aside_;
  std::string last_failure_;
  int repeated_ = 0;
  CheckpointId failed_restore_ = -1;
};

}  // namespace weir
