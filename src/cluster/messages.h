#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "checkpoint/protocol/messages.h"
#include "checkpoint/restore_plan.h"
#include "checkpoint/sidecar.h"
#include "platform/transport.h"

namespace weir {

// What the job master and the workers say to each other, on one connection per worker, which the
// worker dials. Every message about a run of the job names its attempt; the leader's epoch is its
// upper half. One that names another attempt than the receiver's has no effect.

/// Attempts of a leader are numbered from its epoch: those of a later leader are larger than all of
/// an earlier one.
inline AttemptId first_attempt_of(int64_t epoch) { return epoch << 32; }
inline int64_t epoch_of(AttemptId attempt) { return attempt >> 32; }
/// "3" under no election, "2.3": the third of the leader of epoch 2.
std::string attempt_text(AttemptId attempt);

inline constexpr int32_t kProtocolVersion = 4;

// --- from a worker ---

/// The first message. Its first field stays where it is in all versions of the protocol.
struct RegisterWorker {
  int32_t protocol = kProtocolVersion;
  std::string fingerprint;  ///< of the job's graph
  std::string job_name;
  std::string build;         ///< tells executables apart; empty: not known
  std::string worker;        ///< drawn when the process starts
  std::string host;          ///< for placement, and for people
  std::string data_address;  ///< where other workers reach it; empty: nowhere
  int32_t slots = 1;
};
/// Every task is restored, and the ways to the other workers stand.
struct Deployed {
  AttemptId attempt = 0;
};
struct TaskFailed {
  AttemptId attempt = 0;
  std::string task;
  Status status;
};
/// Every task here has seen the end of its input. `finished`: and every side effect of the last
/// checkpoint is done.
struct TasksEnded {
  AttemptId attempt = 0;
  bool finished = false;
};
/// Nothing of the attempt is left: no task runs, no blocking work is under way.
struct Canceled {
  AttemptId attempt = 0;
};
struct ProgressReport {
  AttemptId attempt = 0;
  int64_t source_records = 0;           ///< since the attempt began
  Timestamp watermark = kMinWatermark;  ///< least of the tasks without outputs
  int64_t late_records = 0;             ///< that operators have dropped since the attempt began
};
struct HeartbeatReply {};

using FromWorker =
    std::variant<RegisterWorker, Deployed, TaskFailed, TasksEnded, Canceled, ProgressReport,
                 HeartbeatReply, AcknowledgeCheckpoint, DeclineCheckpoint>;

// --- from the job master ---

struct Registered {
  int64_t epoch = 0;
};
/// The worker does not belong to this job, and trying again will not help.
struct Refused {
  std::string reason;
};
/// What messages to several receivers have in common: encoded with the first of them, and copied
/// into the others. Thread: one at a time, its copies included.
template <class T>
class Shared {
 public:
  Shared() : Shared(T{}) {}
  explicit Shared(T value) : part_(std::make_shared<Part>(Part{std::move(value), {}})) {}
  const T& operator*() const { return part_->value; }
  const T* operator->() const { return &part_->value; }
  /// For the codec. Empty until it has been encoded.
  std::string& encoded() { return part_->encoded; }

 private:
  struct Part {
    T value;
    std::string encoded;
  };
  std::shared_ptr<Part> part_;
};

/// What an attempt is to all workers whose channels reach equally far.
struct AttemptPlan {
  int32_t shards = 1;  ///< no vertex has more subtasks
  std::vector<int32_t>
      worker_of_shard;  ///< of the first shards: as many as the receivers' channels reach
  std::vector<std::string> data_addresses;  ///< of these workers, by number
  CheckpointId restored_checkpoint = -1;    ///< -1: a fresh start
  std::string restored_directory;           ///< URI of the checkpoint's directory
  uint64_t run = 0;                         ///< OperatorContext::run_nonce()
  bool continues_run = true;
  std::vector<int32_t>
      max_parallelisms;  ///< by vertex: those of restored state where the graph asks for none
  std::shared_ptr<const RestorePlan>
      plan;  ///< null on a fresh start; what single subtasks read is not in it
  std::shared_ptr<const Sidecar> sidecar;  ///< types as the checkpoint was written with; null if it
                                           ///< has none; its files are not in it
};
struct RestoredSubtask {
  int32_t op = 0;  ///< an index into AttemptPlan::plan->operators
  int32_t subtask = 0;
  SubtaskRestore restore;
};
struct SubtaskSplits {
  int32_t vertex = 0;
  int32_t subtask = 0;
  std::vector<std::string> splits;
};
/// See cluster/deployment.h for how these are cut, and put together again.
struct Deploy {
  AttemptId attempt = 0;
  int32_t own = 0;  ///< the receiver's number
  std::vector<int32_t> own_shards;
  Shared<AttemptPlan> common;
  std::vector<RestoredSubtask> restores;  ///< the receiver's subtasks of all operators in the plan
  std::vector<DataFile> files;            ///< that these read, and that all read
  std::vector<SubtaskSplits> splits;      ///< the receiver's, of sources that find nothing in the
                                          ///< checkpoint; who has none is left out
};
/// All workers are deployed: run.
struct Start {
  AttemptId attempt = 0;
};
struct Cancel {
  AttemptId attempt = 0;
};
/// All tasks of a job that takes no checkpoints have ended: what waits for one is committed now.
struct CommitWithoutCheckpoint {
  AttemptId attempt = 0;
};
struct Heartbeat {};
/// The job has ended, and nothing more is wanted of the worker.
struct Shutdown {
  bool failed = false;
  std::string message;
};

using FromMaster =
    std::variant<Registered, Refused, Deploy, Start, Cancel, Heartbeat, Shutdown, TriggerCheckpoint,
                 NotifyCheckpointComplete, NotifyCheckpointAborted, CommitWithoutCheckpoint>;

// As frames. Decoding believes nothing: DATA_LOSS says what is malformed.
std::string encode(const FromWorker& message);
std::string encode(const FromMaster& message);
StatusOr<FromWorker> decode_from_worker(std::string_view frame);
StatusOr<FromMaster> decode_from_master(std::string_view frame);
/// The protocol that a RegisterWorker speaks, also one that cannot be decoded because it is of
/// another version; nothing if it is no such message.
std::optional<int32_t> protocol_of_registration(std::string_view frame);

}  // namespace weir
