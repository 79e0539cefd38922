#pragma once

#include <optional>
#include <string>

#include "checkpoint/leader_store.h"
#include "ha/leader_election.h"

namespace weir {

/// What the next leader must know of a job: its last completed checkpoint, and whether it has
/// ended. Every change is one multi that also checks that the leader is still the leader (its node
/// is there, and the epoch is that of its own take-over), so a deposed leader's changes have no
/// effect, however late they come. A leader's reads include all that leaders before it have
/// changed.
///
/// How a change ends:
///   OK                    it is there, by this call or an earlier one
///   ABORTED               this leader leads no more, and nothing was changed; the message names
///   both epochs UNAVAILABLE           not known. Call again with the same arguments; delete
///   nothing meanwhile FAILED_PRECONDITION   see each DATA_LOSS             what is there is
///   damaged INVALID_ARGUMENT, PERMISSION_DENIED   from ZooKeeper
/// If a read fails it is not known what is there: nothing must be started in its place.
///
/// Thread: the I/O pool, one call at a time: they block.
class JobStore : public LeaderStore {
 public:
  JobStore(Leadership leadership, const JobId& job);

  StatusOr<std::optional<CompletedPointer>> pointer() override;
  /// FAILED_PRECONDITION: the pointer there is another with the same or a larger checkpoint id.
  Status set_pointer(const CompletedPointer& pointer) override;

  StatusOr<std::optional<JobResult>> result() override;
  /// FAILED_PRECONDITION: it has ended in another way already.
  Status set_result(const JobResult& result) override;

  /// Removes the pointer, before the checkpoints themselves are deleted. FAILED_PRECONDITION: the
  /// job has no result, so it may go on.
  Status remove_pointer();
  /// Removes everything of the job, its result last: from then on a leader would run it as a new
  /// one. FAILED_PRECONDITION: as above.
  Status remove();

 private:
  std::string pointer_path() const { return path_ + "/checkpoint"; }
  std::string result_path() const { return path_ + "/result"; }
  Status fenced(ZOperation operation, std::string_view what);
  Status deposed(std::string_view what);
  Status require_result(std::string_view what);
  Status remove_node(const std::string& path, std::string_view what);
  Status judge(const CompletedPointer& pointer, const Status& refusal);

  const Leadership leadership_;
  ZooKeeperSession& session_;
  const JobId job_;
  const std::string path_;
  CheckpointId unknown_pointer_ = -1;  ///< the last that a try with an unknown outcome was to set
  bool unknown_result_ = false;        ///< a try to set it had an unknown outcome
};

}  // namespace weir
