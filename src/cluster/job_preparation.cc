#include "cluster/job_preparation.h"

#include <algorithm>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/storage.h"
#include "cluster/call_at_start.h"
#include "cluster/job_identity.h"
#include "cluster/start_probe.h"
#include "cluster/starting_line.h"
#include "cluster/starting_point.h"

namespace weir {
namespace {

/// Records for all later leaders where the job begins. "latest" must mean the same to them, even if
/// a leader that is deposed before its first checkpoint counts completes one later.
Status record_start(const StartingPoint& start, bool in_this_directory, LeaderStore& store) {
  if (!in_this_directory) return store.set_pointer({});
  return store.set_pointer({start.restored_checkpoint, start.restored_directory,
                            start.sidecar->metadata_length, start.sidecar->metadata_checksum});
}

}  // namespace

Status probe_sinks(const JobGraph& graph, FileSystemRegistry& files) {
  for (const JobVertex& vertex : graph.vertices) {
    for (const JobOperator& op : vertex.chain) {
      if (!op.probe) continue;
      WEIR_RETURN_IF_ERROR(
          call_at_start(cat("operator '", op.name, "'"), [&] { return op.probe(files); }));
    }
  }
  return {};
}

namespace {

/// One attempt to prepare the first start.
class Preparation {
 public:
  Preparation(const JobGraph& graph, const JobOptions& options, FileSystemRegistry& files,
              const PreparationInputs& in, StartNumber fence)
      : graph_(graph), options_(options), files_(files), in_(in), fence_(fence) {}

  /// Nothing: a checkpoint or a start was recorded in the directory in the meantime, so look again.
  StatusOr<std::optional<PreparedJob>> run() {
    WEIR_ASSIGN_OR_RETURN(directory_, look_at_directory(options_, files_));
    if (in_.store != nullptr) {
      WEIR_RETURN_IF_ERROR(read_store());
      if (prepared_.result) return std::optional<PreparedJob>(std::move(prepared_));
    }
    WEIR_ASSIGN_OR_RETURN(
        chosen_, choose_start(graph_, options_, files_, directory_, pointer_, in_.read_all));
    WEIR_ASSIGN_OR_RETURN(const auto start, begin());
    WEIR_RETURN_IF_ERROR(claim(*start));
    if (options_.checkpoints_enabled) {
      WEIR_RETURN_IF_ERROR(prepare_job_directory(*directory_.job));
      WEIR_ASSIGN_OR_RETURN(
          const bool probed,
          probe_for_start(*directory_.job, directory_.lineage.newest + 1, in_.nonce));
      if (!probed) return std::optional<PreparedJob>();
    }
    WEIR_RETURN_IF_ERROR(probe_sinks(graph_, files_));
    WEIR_RETURN_IF_ERROR(record_job());
    prepared_.lineage = directory_.lineage;
    const bool of_directory =
        directory_.job && (options_.checkpoints_enabled || chosen_.beginning.from >= 0);
    if (of_directory) {
      WEIR_ASSIGN_OR_RETURN(const bool recorded, record(*start));
      if (!recorded) return std::optional<PreparedJob>();
    }
    start->run = of_directory ? prepared_.lineage.lines.back().run : in_.nonce;
    start->continues_run = !chosen_.another_job;
    prepared_.start = start;
    if (options_.checkpoints_enabled) {
      remove_old_probes(*directory_.job, prepared_.lineage.newest);
      WEIR_RETURN_IF_ERROR(take_over_directory());
    }
    return std::optional<PreparedJob>(std::move(prepared_));
  }
  /// After run() returned nothing: the record that also fences earlier starts for the next try.
  StartNumber fence() const { return fence_; }

 private:
  bool in_this_directory() const {
    return chosen_.beginning.from >= 0 && !chosen_.beginning.elsewhere &&
           chosen_.beginning.origin.empty();
  }

  /// Sets the prepared job's result if an earlier leader has ended the job.
  Status read_store() {
    WEIR_ASSIGN_OR_RETURN(recorded_job_, in_.store->job());
    if (recorded_job_) {
      WEIR_RETURN_IF_ERROR(
          check_same_job(*recorded_job_, recorded_job(graph_), options_.accept_changed_job));
    }
    WEIR_ASSIGN_OR_RETURN(prepared_.result, in_.store->result());
    if (bug_enabled(Bug::kResultForgotten)) prepared_.result.reset();
    if (prepared_.result) return {};
    WEIR_ASSIGN_OR_RETURN(pointer_, in_.store->pointer());
    led_before_ = pointer_.has_value();
    // The record contains only the meaning of "latest".
    if (pointer_ && pointer_->id == 0 && options_.restore_from != kFromLatest) pointer_.reset();
    return {};
  }

  /// All files of weir's own snapshots are in their directory; others may share theirs.
  Status claim(const StartingPoint& start) {
    if (!options_.claims_snapshot || start.restored_checkpoint < 0 || in_this_directory())
      return {};
    if (!start.sidecar || start.sidecar->metadata_length == 0) {
      return failed_precondition(
          cat(start.restored_directory,
              " cannot be claimed: weir has not written it, so it may share files with others; set "
              "execution.state-recovery.claim-mode to NO_CLAIM"));
    }
    WEIR_ASSIGN_OR_RETURN(prepared_.claimed, files_.resolve(start.restored_directory));
    return {};
  }

  StatusOr<std::shared_ptr<StartingPoint>> begin() {
    if (chosen_.snapshot) return start_from(*std::move(chosen_.snapshot), graph_, options_, files_);
    auto fresh = std::make_shared<StartingPoint>();
    WEIR_ASSIGN_OR_RETURN(fresh->splits, start_sources(graph_, nullptr, nullptr, files_));
    return fresh;
  }

  Status record_job() const {
    if (in_.store == nullptr) return {};
    const RecordedJob job = recorded_job(graph_);
    if (recorded_job_ == job) return {};
    if (recorded_job_ && recorded_job_->id == job.id) {
      WEIR_LOG(kInfo) << "the program or its arguments have changed since the last leader of this "
                         "job: the job goes on with those of this process";
    }
    return in_.store->set_job(job);
  }

  /// False: look again.
  StatusOr<bool> record(const StartingPoint& start) {
    // Do this before the record of the start, so that a deposed leader writes none: the record's
    // number was taken earlier.
    if (in_.store != nullptr && !pointer_)
      WEIR_RETURN_IF_ERROR(record_start(start, in_this_directory(), *in_.store));
    WEIR_ASSIGN_OR_RETURN(const bool fenced, fence_earlier_starts());
    if (!fenced) return false;
    WEIR_ASSIGN_OR_RETURN(const CheckpointInventory now,
                          list_on_lines(*directory_.job, directory_.lineage));
    if (in_.store == nullptr && now.completed != directory_.inventory.completed) return false;
    chosen_.beginning.new_run = in_.nonce;
    chosen_.beginning.taken_over = led_before_;
    say_what_is_abandoned();
    prepared_.lineage =
        begin_line(directory_.lineage, chosen_.beginning, now.highest, now.completed);
    prepared_.lineage.epoch = std::max(prepared_.lineage.epoch, in_.epoch);
    return was_recorded(record_lineage(*directory_.job, prepared_.lineage, in_.nonce));
  }

  /// False: look again. Elected leaders agree by the pointer instead.
  StatusOr<bool> fence_earlier_starts() {
    const StartNumber newest = directory_.lineage.newest;
    if (in_.store != nullptr || newest == 0 || newest == fence_) return true;
    const Status fenced = record_fence(*directory_.job, &directory_.lineage, in_.nonce);
    if (fenced.ok()) fence_ = directory_.lineage.newest;
    return was_recorded(fenced);
  }

  /// False: another start was recorded instead.
  static StatusOr<bool> was_recorded(const Status& status) {
    if (!status.ok() && status.code() != StatusCode::kAlreadyExists) return status;
    return status.ok();
  }

  void say_what_is_abandoned() const {
    const CheckpointLine* line =
        directory_.lineage.line_of(chosen_.beginning.from, chosen_.beginning.from_start);
    CheckpointId last = 0;
    for (const CheckpointId id : directory_.inventory.completed) {
      if (line == nullptr || line->holds(id, std::nullopt)) last = std::max(last, id);
    }
    if (in_this_directory() && last > chosen_.beginning.from) {
      WEIR_LOG(kWarning) << "going back from checkpoint " << last << " to "
                         << chosen_.beginning.from
                         << ": the checkpoints in between are abandoned, and what sinks have "
                            "written for them is taken back and produced again";
    }
  }

  Status take_over_directory() {
    WEIR_ASSIGN_OR_RETURN(const CheckpointInventory inventory, list_checkpoints(*directory_.job));
    const CheckpointLine& line = prepared_.lineage.lines.back();
    const std::vector<CheckpointLine>& before = directory_.lineage.lines;
    if (in_.store == nullptr) {
      // A later start may be writing one with a higher id.
      WEIR_RETURN_IF_ERROR(discard_orphans(*directory_.job, inventory, line.after));
    } else {
      // Don't remove them now: a leader that is deposed during its preparation would remove the
      // next leader's files.
      prepared_.orphans = inventory.orphans;
      for (const CheckpointId id : inventory.completed) {
        if (!pointer_ || id <= pointer_->id || before.empty()) continue;
        if (!before.back().holds(id, std::nullopt)) continue;
        prepared_.unconfirmed.push_back(id);
        if (bug_enabled(Bug::kUnconfirmedRemovedAtOnce))
          WEIR_RETURN_IF_ERROR(discard_checkpoint(*directory_.job, id));
      }
    }
    prepared_.job_directory = directory_.job;
    prepared_.highest_used_id = std::max(inventory.highest, line.after);
    if (bug_enabled(Bug::kUnconfirmedRemovedAtOnce) && !prepared_.unconfirmed.empty())
      prepared_.highest_used_id = pointer_->id;
    const CheckpointId restored = prepared_.start->restored_checkpoint;
    // Older checkpoints on the line of the restored one belong to this job too. Without a restore,
    // existing checkpoints are left alone. The restored one may be a copy of one here, as a
    // savepoint is.
    const std::vector<CheckpointId>& on_lines = directory_.inventory.completed;
    const bool copied = !chosen_.beginning.elsewhere && restored >= 0 &&
                        std::find(on_lines.begin(), on_lines.end(), restored) != on_lines.end();
    for (const CheckpointId id : on_lines) {
      if ((in_this_directory() || copied) &&
          (id == restored || (id < restored && line.holds(id, std::nullopt))))
        prepared_.completed.push_back(id);
    }
    if (restored < 0 && !on_lines.empty() && !pointer_) {
      WEIR_LOG(kWarning) << "starting from the beginning although " << directory_.job->uri
                         << " holds checkpoint " << on_lines.front()
                         << "; it is kept, and until this start has completed one --from latest "
                            "goes on from there";
    }
    return {};
  }

  const JobGraph& graph_;
  const JobOptions& options_;
  FileSystemRegistry& files_;
  const PreparationInputs& in_;
  StartNumber fence_;  ///< the record that fences earlier starts; 0: none yet
  DirectoryState directory_;
  std::optional<RecordedJob> recorded_job_;
  std::optional<CompletedPointer> pointer_;
  bool led_before_ = false;  ///< an elected leader has started the job before
  ChosenStart chosen_;
  PreparedJob prepared_;
};

}  // namespace

StatusOr<PreparedJob> prepare_job(const JobGraph& graph, const JobOptions& options,
                                  FileSystemRegistry& files, const PreparationInputs& in) {
  constexpr int kTries = 5;
  StartNumber fence = 0;
  for (int i = 0; i < kTries; ++i) {
    Preparation preparation(graph, options, files, in, fence);
    WEIR_ASSIGN_OR_RETURN(auto prepared, preparation.run());
    if (prepared) return *std::move(prepared);
    fence = preparation.fence();
  }
  return failed_precondition(
      cat("another process goes on starting this job, or completing its checkpoints, in ",
          options.job_directory, ": stop it, then start this one again"));
}

}  // namespace weir
