#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "checkpoint/leader_store.h"
#include "ha/leader_election.h"

namespace weir {

/// The facts about a job that the next leader needs: its last completed checkpoint, and whether it
/// has ended. Every change is one multi that also checks that the leader still leads (its node
/// exists, and the epoch is that of its own take-over), so late changes of a deposed leader have no
/// effect. A leader's reads include all changes of earlier leaders.
///
/// Outcomes of a change:
/// - OK: it is stored, by this call or an earlier one.
/// - ABORTED: this leader no longer leads, and nothing was changed; the message names both epochs.
/// - UNAVAILABLE: unknown. Call again with the same arguments; delete nothing meanwhile.
/// - CANCELLED, of a pointer only: the job's result may be recorded, so the pointer stays. Whoever
///   reads the result then finds the checkpoint that it belongs to.
/// - FAILED_PRECONDITION: see each method.
/// - DATA_LOSS: the stored record is damaged.
/// - INVALID_ARGUMENT, PERMISSION_DENIED: from ZooKeeper.
/// After a failed read the stored state is unknown: nothing may be started in its place.
///
/// Thread: the I/O pool, because the calls block. One change after the other: a cancellation does
/// not wait for a checkpoint that is being completed.
class JobStore : public LeaderStore {
 public:
  JobStore(Leadership leadership, const JobId& job);

  StatusOr<std::optional<RecordedJob>> job() override;
  Status set_job(const RecordedJob& job) override;

  StatusOr<std::optional<CompletedPointer>> pointer() override;
  /// FAILED_PRECONDITION: the stored pointer is a different one with the same or a larger
  /// checkpoint id.
  Status set_pointer(const CompletedPointer& pointer) override;

  StatusOr<std::optional<RecordedResult>> result() override;
  /// FAILED_PRECONDITION: a different result is already stored.
  Status set_result(const RecordedResult& result) override;

  /// Removes the pointer, before the checkpoints themselves are deleted. FAILED_PRECONDITION: the
  /// job has no result, so it may continue.
  Status remove_pointer();
  /// Removes everything about the job, its result last. After that, a leader would run it as a new
  /// job. FAILED_PRECONDITION: as above.
  Status remove();

 private:
  std::string pointer_path() const { return path_ + "/checkpoint"; }
  std::string result_path() const { return leadership_.paths.result(job_); }
  Status fenced(ZOperation operation, std::string_view what);
  Status deposed(std::string_view what);
  Status require_result(std::string_view what);
  Status remove_node(const std::string& path, std::string_view what);
  Status judge(const CompletedPointer& pointer, const Status& refusal);

  Status set_pointer_now(const CompletedPointer& pointer);
  Status set_result_now(const RecordedResult& result);

  const Leadership leadership_;
  ZooKeeperSession& session_;
  const JobId job_;
  const std::string path_;

  std::mutex mutex_;     ///< held during a change
  bool ending_ = false;  ///< a result was to be recorded
  /// The last pointer that a try with an unknown outcome was to set.
  CheckpointId unknown_pointer_ = -1;
  bool unknown_result_ = false;  ///< a try to set it had an unknown outcome
};

/// What the cluster runs, as its last leader has recorded it. Nothing: there was none, or its job
/// has ended and is not `own`. Thread: the I/O pool.
StatusOr<std::optional<RecordedJob>> read_recorded_job(ZooKeeperSession& session,
                                                       const HaPaths& paths, const JobId& own);

}  // namespace weir
