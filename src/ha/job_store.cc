#include "ha/job_store.h"

#include "base/bug_switch.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "ha/job_records.h"

namespace weir {
namespace {

/// One try after each unknown outcome or lost race. Then the caller continues.
constexpr int kTries = 5;

/// The node, or nullopt if there is none.
StatusOr<std::optional<ZNode>> find(ZooKeeperSession& session, const std::string& path) {
  auto node = session.get(path);
  if (node.ok()) return std::optional<ZNode>(std::move(node).value());
  if (node.status().code() == StatusCode::kNotFound) return std::optional<ZNode>();
  return node.status();
}

bool try_again(const Status& status) {
  return status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kAlreadyExists ||
         status.code() == StatusCode::kNotFound || status.code() == StatusCode::kFailedPrecondition;
}

bool same(const CompletedPointer& a, const CompletedPointer& b) {
  return a.id == b.id && a.uri == b.uri && a.metadata_length == b.metadata_length &&
         a.metadata_checksum == b.metadata_checksum;
}

}  // namespace

JobStore::JobStore(Leadership leadership, const JobId& job)
    : leadership_(std::move(leadership)),
      session_(*leadership_.session),
      job_(job),
      path_(leadership_.paths.job(job)) {}

StatusOr<std::optional<RecordedJob>> read_recorded_job(ZooKeeperSession& session,
                                                       const HaPaths& paths, const JobId& own) {
  WEIR_ASSIGN_OR_RETURN(const auto node, find(session, paths.running_job()));
  if (!node) return std::optional<RecordedJob>();
  WEIR_ASSIGN_OR_RETURN(JobRecord there, decode_job_record(node->data, paths.running_job()));
  if (there.job.id != own) {
    WEIR_ASSIGN_OR_RETURN(const auto result, find(session, paths.result(there.job.id)));
    if (result) return std::optional<RecordedJob>();
  }
  return std::optional<RecordedJob>(std::move(there.job));
}

StatusOr<std::optional<RecordedJob>> JobStore::job() {
  return read_recorded_job(session_, leadership_.paths, job_);
}

Status JobStore::set_job(const RecordedJob& job) {
  const std::string path = leadership_.paths.running_job();
  const std::string what = cat("recording that the cluster runs job ", job.id.to_hex());
  const std::string bytes = encode(JobRecord{job, leadership_.epoch});
  Status last = unavailable("nothing was tried");
  for (int i = 0; i < kTries; ++i) {
    const auto node = find(session_, path);
    if (node.status().code() == StatusCode::kCancelled) return deposed(what);
    if (!node.ok()) {
      last = node.status().with_context(what);
    } else if (*node && (*node)->data == bytes) {
      return {};  // by an earlier try whose reply was lost
    } else {
      last = fenced(*node ? set_operation(path, bytes, (*node)->stat.version)
                          : create_operation(path, bytes, ZNodeKind::kPersistent),
                    what);
    }
    if (last.ok() || !try_again(last)) return last;
  }
  return unavailable(cat(last.message(), "; it is not known whether it happened"));
}

Status JobStore::set_pointer(const CompletedPointer& pointer) {
  const std::lock_guard lock(mutex_);
  // A try with an unknown outcome must be decided in any case.
  if (ending_ && unknown_pointer_ != pointer.id) {
    return cancelled(cat("job ", job_.to_hex(), " is not pointed to checkpoint ", pointer.id,
                         ", which was completed after the job's end"));
  }
  return set_pointer_now(pointer);
}

Status JobStore::set_pointer_now(const CompletedPointer& pointer) {
  const std::string what = cat("pointing job ", job_.to_hex(), " to checkpoint ", pointer.id);
  const std::string bytes = encode(PointerRecord{pointer, leadership_.epoch});
  Status last = unavailable("nothing was tried");
  for (int i = 0; i < kTries; ++i) {
    auto node = find(session_, pointer_path());
    if (node.status().code() == StatusCode::kCancelled) return judge(pointer, deposed(what));
    if (!node.ok()) {
      last = node.status().with_context(what);
      if (!try_again(last)) return last;
      continue;
    }
    ZOperation change = create_operation(pointer_path(), bytes, ZNodeKind::kPersistent);
    if (*node) {
      WEIR_ASSIGN_OR_RETURN(const PointerRecord there,
                            decode_pointer_record((*node)->data, pointer_path()));
      // Set by an earlier try whose reply was lost, or by an earlier call.
      if (same(there.pointer, pointer)) return {};
      if (there.pointer.id >= pointer.id) {
        if (there.epoch > leadership_.epoch) return judge(pointer, deposed(what));
        return failed_precondition(cat(what, ": ", pointer_path(),
                                       " in ZooKeeper points to checkpoint ", there.pointer.id,
                                       " of ", there.pointer.uri, " already, and never goes back"));
      }
      change = set_operation(pointer_path(), bytes, (*node)->stat.version);
    } else if (const Status parents = create_parents(session_, pointer_path()); !parents.ok()) {
      if (parents.code() == StatusCode::kCancelled) return judge(pointer, deposed(what));
      last = parents.with_context(what);
      if (!try_again(last)) return last;
      continue;
    }
    last = fenced(std::move(change), what);
    if (last.code() == StatusCode::kUnavailable) unknown_pointer_ = pointer.id;
    if (last.code() == StatusCode::kAborted) return judge(pointer, last);
    if (!try_again(last)) return last;
  }
  return unavailable(cat(last.message(), "; it is not known whether it happened"));
}

/// Decides the outcome for a pointer after this leader was deposed. No later change by it is
/// possible, but an earlier try may have succeeded.
Status JobStore::judge(const CompletedPointer& pointer, const Status& refusal) {
  if (unknown_pointer_ != pointer.id) return refusal;
  const auto node = find(session_, pointer_path());
  if (node.ok() && !*node) return refusal;
  if (node.ok()) {
    const auto there = decode_pointer_record((*node)->data, pointer_path());
    if (there.ok() && same(there->pointer, pointer)) return {};
    // The pointer only grows. If ours had been set and then passed, it would be larger.
    if (there.ok() && there->pointer.id < pointer.id) return refusal;
  }
  return unavailable(cat(refusal.message(), "; an earlier try may have happened before that"));
}

StatusOr<std::optional<CompletedPointer>> JobStore::pointer() {
  WEIR_ASSIGN_OR_RETURN(const auto node, find(session_, pointer_path()));
  if (!node) return std::optional<CompletedPointer>();
  WEIR_ASSIGN_OR_RETURN(PointerRecord record, decode_pointer_record(node->data, pointer_path()));
  return std::optional<CompletedPointer>(std::move(record.pointer));
}

Status JobStore::set_result(const RecordedResult& result) {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  return set_result_now(result);
}

Status JobStore::set_result_now(const RecordedResult& result) {
  const std::string what = cat("recording that job ", job_.to_hex(), " is ", result.state);
  if (!is_final_state(result.state)) return invalid_argument(cat(what, ": that is no final state"));
  const std::string bytes = encode(ResultRecord{result, leadership_.epoch});
  Status last = unavailable("nothing was tried");
  for (int i = 0; i < kTries; ++i) {
    auto node = find(session_, result_path());
    if (node.ok() && *node) {
      WEIR_ASSIGN_OR_RETURN(const ResultRecord there,
                            decode_result_record((*node)->data, result_path()));
      if (there.result.state == result.state) return {};
      return failed_precondition(cat(what, ": the leader of epoch ", there.epoch,
                                     " has recorded that it is ", there.result.state));
    }
    const Status prepared = node.ok() ? create_parents(session_, result_path()) : node.status();
    last = prepared.ok()
               ? fenced(create_operation(result_path(), bytes, ZNodeKind::kPersistent), what)
               : prepared.with_context(what);
    if (prepared.ok() && last.code() == StatusCode::kUnavailable) unknown_result_ = true;
    if (prepared.code() == StatusCode::kCancelled) last = deposed(what);
    if (last.code() == StatusCode::kAborted && unknown_result_) {
      // From now on no change by this leader is possible, and changes that have happened stay.
      const auto after = find(session_, result_path());
      if (!after.ok())
        return unavailable(cat(last.message(), "; an earlier try may have happened before that"));
      if (*after) continue;
    }
    if (!try_again(last)) return last;
  }
  return unavailable(cat(last.message(), "; it is not known whether it happened"));
}

StatusOr<std::optional<RecordedResult>> JobStore::result() {
  WEIR_ASSIGN_OR_RETURN(const auto node, find(session_, result_path()));
  if (!node) return std::optional<RecordedResult>();
  WEIR_ASSIGN_OR_RETURN(ResultRecord record, decode_result_record(node->data, result_path()));
  return std::optional<RecordedResult>(std::move(record.result));
}

Status JobStore::remove_pointer() {
  const std::string what = cat("removing the checkpoint pointer of job ", job_.to_hex());
  WEIR_RETURN_IF_ERROR(require_result(what));
  return remove_node(pointer_path(), what);
}

Status JobStore::remove() {
  const std::string what = cat("removing what is kept of job ", job_.to_hex());
  auto result = find(session_, result_path());
  if (result.ok() && !*result) {
    // An empty place is the goal, perhaps reached by an earlier call whose reply was lost.
    auto parent = find(session_, path_);
    if (parent.ok() && !*parent) return {};
    auto pointer = find(session_, pointer_path());
    if (!pointer.ok()) return pointer.status().with_context(what);
    if (*pointer) return require_result(what);
  }
  WEIR_RETURN_IF_ERROR(remove_node(pointer_path(), what));
  WEIR_RETURN_IF_ERROR(remove_node(result_path(), what));
  return remove_node(path_, what);
}

Status JobStore::require_result(std::string_view what) {
  auto result = find(session_, result_path());
  if (result.status().code() == StatusCode::kCancelled) return deposed(what);
  if (!result.ok()) return result.status().with_context(what);
  if (*result) return {};
  return failed_precondition(cat(what, ": it has no result, so it may go on; record one first"));
}

Status JobStore::remove_node(const std::string& path, std::string_view what) {
  Status last = unavailable("nothing was tried");
  for (int i = 0; i < kTries; ++i) {
    auto node = find(session_, path);
    if (node.ok() && !*node) return {};
    if (node.status().code() == StatusCode::kCancelled) return deposed(what);
    last = node.ok() ? fenced(remove_operation(path, kAnyVersion), what)
                     : node.status().with_context(what);
    if (!try_again(last)) return last;
  }
  return last;
}

/// Carries it out if this leader leads. ABORTED only if it does not; ALREADY_EXISTS if the node has
/// another version.
Status JobStore::fenced(ZOperation operation, std::string_view what) {
  int refused = -1;
  if (bug_enabled(Bug::kPointerNotFenced)) return session_.multi({std::move(operation)}, nullptr);
  Status status =
      session_.multi({check_operation(leadership_.paths.epoch(), leadership_.epoch_version),
                      check_operation(leadership_.paths.leader(), 0), std::move(operation)},
                     &refused);
  if (status.ok()) return status;
  if (refused == 0 || refused == 1 || status.code() == StatusCode::kCancelled) return deposed(what);
  if (status.code() == StatusCode::kAborted)
    return already_exists(cat(what, ": ", status.message()));
  return status.with_context(what);
}

Status JobStore::deposed(std::string_view what) {
  const auto epoch = read_epoch(session_, leadership_.paths);
  if (epoch.ok() && *epoch != leadership_.epoch) {
    return aborted(cat(what, " was refused: this leader's epoch is ", leadership_.epoch,
                       ", and a leader of epoch ", *epoch, " has taken over"));
  }
  return aborted(cat(what, " was refused: this leader's epoch ", leadership_.epoch,
                     " has ended with its session, and another leader's, ", leadership_.epoch + 1,
                     " or later, follows"));
}

}  // namespace weir
