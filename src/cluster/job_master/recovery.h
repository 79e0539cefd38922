#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/ids.h"
#include "cluster/job_master/restart_backoff.h"
#include "weir/status.h"

namespace weir {

/// Whether the reader of the results has ended, as in `job | head`: then nobody wants more of them.
bool unwanted(const Status& failure);
/// Whether a retry may succeed. An error in the program, its settings or its input is permanent.
bool may_pass(const Status& failure);
/// Same, for a failure during the preparation of the next attempt: there a missing or damaged
/// checkpoint is permanent, too.
bool preparation_may_pass(const Status& failure);

/// Decides the reaction to a failure, and remembers earlier failures for it. Pure: the caller
/// passes in time and random numbers. Not here: ending the attempt, and carrying the decision out
/// (JobMaster).
class Recovery {
 public:
  /// `takes_over`: an earlier leader has started the job.
  Recovery(RestartBackoffOptions backoff, bool takes_over)
      : backoff_(backoff), takes_over_(takes_over) {}

  enum class Next {
    kRestart,  ///< after the back-off
    /// At once, like the first start: reads all state, and then refuses or falls back.
    kPrepareAnew,
    kSetAside,  ///< from the checkpoint before the one that the attempt tried to restore
    kFailJob,   ///< the job has failed: another attempt would fail too
    kRefuse,    ///< the job has failed before its first record
  };
  struct Decision {
    Next next = Next::kRestart;
    int repeated = 1;          ///< how often the same failure occurred in a row
    bool checkpoints = false;  ///< some were completed since the first of them
    bool start_anew = false;   ///< the start itself is in doubt: prepare like the first start
  };
  /// `deploying`: the tasks were still reading the state of the checkpoint `restored` (-1: none).
  Decision on_attempt_failed(const Status& failure, bool deploying, CheckpointId restored);
  /// `restart`: an earlier start was prepared successfully.
  Next on_preparation_failed(const Status& failure, bool restart) const;
  /// The wait before the next start; none if the restart strategy allows no more restarts. `random`
  /// is uniform in [0, 1).
  std::optional<MonotonicTime> back_off(MonotonicTime now, double random) {
    return backoff_.on_failure(now, random);
  }
  const char* strategy() const { return backoff_.name(); }

  void on_running() { has_run_ = true; }
  void on_checkpoint_completed();
  void set_aside(CheckpointId checkpoint) { set_aside_.insert(checkpoint); }

  /// Whether any attempt has run.
  bool has_run() const { return has_run_; }
  /// Whether the next preparation must read all state. When a job first starts, damage must be
  /// found before the first record. Later, the tasks that read the state find damage; once they
  /// did, each preparation reads everything until a newer checkpoint completes.
  bool must_read_all() const { return damage_met_ || !takes_over_; }
  bool damage_met() const { return damage_met_; }
  const std::set<CheckpointId>& set_aside() const { return set_aside_; }

 private:
  int count(const Status& failure);
  bool cannot_be_restored(CheckpointId checkpoint, const Status& failure);

  RestartBackoff backoff_;
  const bool takes_over_;
  bool has_run_ = false;
  bool damage_met_ = false;  // by an attempt that read its state
  std::set<CheckpointId> set_aside_;
  std::string last_failure_;
  int repeated_ = 0;
  bool checkpoints_since_ = false;  // since the first of the same failures
  CheckpointId failed_restore_ = -1;
  std::set<std::string> restore_failures_;  // the reasons why that checkpoint was not restored
};

}  // namespace weir
