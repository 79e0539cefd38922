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
#include "metrics/metric_report.h"
#include "platform/process_text.h"
#include "platform/transport.h"

namespace weir {

// Messages between the job master and the workers. Each worker dials one connection. Every message
// about a run of the job names its attempt, whose upper half is the leader's epoch. A message that
// names another attempt than the receiver's has no effect.

/// "3" without election, "2.3" with it: the third attempt of the leader of epoch 2.
std::string attempt_text(AttemptId attempt);

inline constexpr int32_t kProtocolVersion = 6;

// --- from a worker ---

/// The first message. Its first field has the same position in all versions of the protocol.
struct RegisterWorker {
  int32_t protocol = kProtocolVersion;
  std::string fingerprint;  ///< of the job's graph
  std::string job_name;
  std::string build;         ///< identifies the executable; empty: not known
  std::string worker;        ///< drawn at random when the process starts
  std::string host;          ///< for placement and display
  std::string data_address;  ///< where other workers reach it; empty: nowhere
  int32_t slots = 1;
};
/// Every task is restored, and the connections to the other workers are open.
struct Deployed {
  AttemptId attempt = 0;
};
struct TaskFailed {
  AttemptId attempt = 0;
  std::string task;
  Status status;
};
/// Every task here has seen the end of its input. `finished`: also, every side effect of the last
/// checkpoint is done.
struct TasksEnded {
  AttemptId attempt = 0;
  bool finished = false;
};
/// The worker holds nothing of the attempt any more: no task and no blocking work is running.
struct Canceled {
  AttemptId attempt = 0;
};
struct ProgressReport {
  AttemptId attempt = 0;
  int64_t source_records = 0;           ///< since the attempt began
  Timestamp watermark = kMinWatermark;  ///< the least of the tasks without outputs
  int64_t late_records = 0;             ///< dropped by operators since the attempt began
};
/// A reader has read its splits and wants another.
struct RequestSplit {
  AttemptId attempt = 0;
  int32_t vertex = 0;
  int32_t subtask = 0;
};
/// Of a source with watermark alignment: the others of its group wait for this; kMaxWatermark: they
/// need not.
struct ReportWatermark {
  AttemptId attempt = 0;
  int32_t vertex = 0;
  int32_t subtask = 0;
  Timestamp watermark = kMaxWatermark;
};
struct HeartbeatReply {};
/// Sent with the answer to a heartbeat, and when the worker leaves the attempt.
struct MetricsOfWorker {
  AttemptId attempt = 0;
  MetricReport report;
};
/// The answer to RequestText.
struct TextOfProcess {
  int64_t request = 0;
  std::string text;
};

using FromWorker =
    std::variant<RegisterWorker, Deployed, TaskFailed, TasksEnded, Canceled, ProgressReport,
                 HeartbeatReply, AcknowledgeCheckpoint, DeclineCheckpoint, RequestSplit,
                 MetricsOfWorker, ReportWatermark, TextOfProcess>;

// --- from the job master ---

struct Registered {
  int64_t epoch = 0;
};
/// The worker does not belong to this job. Retrying will not help.
struct Refused {
  std::string reason;
};
/// A part that messages to several receivers have in common. It is encoded with the first message,
/// and the bytes are copied into the others. Thread: one at a time, including its copies.
template <class T>
class Shared {
 public:
  Shared() : Shared(T{}) {}
  explicit Shared(T value) : part_(std::make_shared<Part>(Part{std::move(value), {}})) {}
  const T& operator*() const { return part_->value; }
  const T* operator->() const { return &part_->value; }
  /// For the codec. Empty until encoded.
  std::string& encoded() { return part_->encoded; }

 private:
  struct Part {
    T value;
    std::string encoded;
  };
  std::shared_ptr<Part> part_;
};

/// The part of a deployment that is the same for all workers whose channels reach equally far.
struct AttemptPlan {
  int32_t shards = 1;  ///< the largest parallelism of any vertex
  /// Of the first shards: as many as the receivers' channels reach.
  std::vector<int32_t> worker_of_shard;
  std::vector<std::string> data_addresses;  ///< of these workers, by index
  CheckpointId restored_checkpoint = -1;    ///< -1: a fresh start
  std::string restored_directory;           ///< URI of the checkpoint's directory
  uint64_t run = 0;                         ///< OperatorContext::run_nonce()
  bool continues_run = true;
  /// By vertex: those of restored state where the graph sets none.
  std::vector<int32_t> max_parallelisms;
  /// Null on a fresh start; without the selections of single subtasks.
  std::shared_ptr<const RestorePlan> plan;
  /// Types that the checkpoint was written with, without its files; null if it has no sidecar.
  std::shared_ptr<const Sidecar> sidecar;
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
  bool more_follow = false;  ///< the reader asks when it has read them
};
/// See cluster/deployment.h for how a deployment is split into messages and put together again.
struct Deploy {
  AttemptId attempt = 0;
  int32_t own = 0;  ///< the receiver's index
  std::vector<int32_t> own_shards;
  Shared<AttemptPlan> common;
  /// Of the receiver's subtasks, for all operators in the plan.
  std::vector<RestoredSubtask> restores;
  std::vector<DataFile> files;  ///< read by these subtasks, or by all
  /// Of the receiver's sources; subtasks that get no splits now and later are left out.
  std::vector<SubtaskSplits> splits;
};
/// All workers are deployed: run.
struct Start {
  AttemptId attempt = 0;
  /// The job was stopped, but this attempt must repeat the commits: sources read nothing.
  bool stopped = false;
};
struct Cancel {
  AttemptId attempt = 0;
};
/// All tasks of a job without checkpoints have ended: sinks commit their pending output now.
struct CommitWithoutCheckpoint {
  AttemptId attempt = 0;
};
/// The answer to RequestSplit. Sent in order with TriggerCheckpoint: the splits belong to the
/// reader's state in all checkpoints that are triggered later, and to the enumerator's in all
/// earlier ones.
struct AssignSplits {
  AttemptId attempt = 0;
  SubtaskSplits to;
};
/// A source with watermark alignment reads no splits whose watermark is above this.
struct AlignWatermark {
  AttemptId attempt = 0;
  int32_t vertex = 0;
  Timestamp max_allowed = kMaxWatermark;
};
struct Heartbeat {};
/// Somebody wants to see a text of the worker's process. Answered at once with TextOfProcess.
struct RequestText {
  int64_t request = 0;
  ProcessText what = ProcessText::kLog;
};
/// The job has ended, and the worker may exit.
struct Shutdown {
  bool failed = false;
  std::string message;
};

using FromMaster =
    std::variant<Registered, Refused, Deploy, Start, Cancel, Heartbeat, Shutdown, TriggerCheckpoint,
                 NotifyCheckpointComplete, NotifyCheckpointAborted, CommitWithoutCheckpoint,
                 AssignSplits, AlignWatermark, RequestText>;

// Encoding as frames. The decoders do not trust their input: DATA_LOSS says what is malformed.
std::string encode(const FromWorker& message);
std::string encode(const FromMaster& message);
StatusOr<FromWorker> decode_from_worker(std::string_view frame);
StatusOr<FromMaster> decode_from_master(std::string_view frame);
/// The protocol version of a RegisterWorker frame, even if the frame is of another version and
/// cannot be decoded. Nothing if it is another message.
std::optional<int32_t> protocol_of_registration(std::string_view frame);

}  // namespace weir
