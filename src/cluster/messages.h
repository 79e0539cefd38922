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

// What the job master and the workers say to each other, on one connection per worker, which the worker dials. Every message about a run
// of the job names its attempt; the leader's epoch is its upper half. One that names another attempt than the receiver's has no effect.

/// Attempts of a leader are numbered from its epoch: those of a later leader are larger than all of an earlier one.
inline AttemptId first_attempt_of(int64_t epoch) { return epoch << 32; }
inline int64_t epoch_of(AttemptId attempt) { return attempt >> 32; }
/// "3" under no election, "2.3": the third of the leader of epoch 2.
std::string attempt_text(AttemptId attempt);

inline constexpr int32_t kProtocolVersion = 1;

// --- from a worker ---

/// The first message. Its first field stays where it is in all versions of the protocol.
struct RegisterWorker {
  int32_t protocol = kProtocolVersion;
  std::string fingerprint;     ///< of the job's graph
  std::string job_name;
  std::string build;           ///< tells executables apart; empty: not known
  std::string worker;          ///< drawn when the process starts
  std::string host;            ///< for placement, and for people
  std::string data_address;    ///< where other workers reach it; empty: nowhere
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
/// Every task here has seen the end of its input. `finished`: and every side effect of the last checkpoint is done.
struct TasksEnded {
  AttemptId attempt = 0;
  bool finished = false;
};
/// Nothing of the attempt is left: no task runs, no blocking work is under way.
struct Cancelled {
  AttemptId attempt = 0;
};
struct ProgressReport {
  AttemptId attempt = 0;
  int64_t source_records = 0;            ///< since the attempt began
  Timestamp watermark = kMinWatermark;   ///< least of the tasks without outputs
};
struct HeartbeatReply {};

using FromWorker = std::variant<RegisterWorker, Deployed, TaskFailed, TasksEnded, Cancelled, ProgressReport, HeartbeatReply, AcknowledgeCheckpoint,
                                DeclineCheckpoint>;

// --- from the job master ---

struct Registered {
  int64_t epoch = 0;
};
/// The worker does not belong to this job, and trying again will not help.
struct Refused {
  std::string reason;
};
struct Deploy {
  AttemptId attempt = 0;
  int32_t parallelism_limit = 1;           ///< the number of shards: no vertex has more subtasks
  std::vector<int32_t> worker_of_shard;    ///< an index into data_addresses
  std::vector<std::string> data_addresses;
  int32_t own = 0;                         ///< which of them the receiver is
  CheckpointId restored_checkpoint = -1;   ///< -1: a fresh start
  std::string restored_directory;          ///< URI of the checkpoint's directory
  std::shared_ptr<const RestorePlan> plan; ///< null on a fresh start; filled in for the receiver's subtasks only
  std::shared_ptr<const Sidecar> sidecar;  ///< types as the checkpoint was written with; null if it has none
  std::vector<std::vector<std::string>> splits;  ///< by vertex: of the sources that find nothing in the checkpoint
};
/// All workers are deployed: run.
struct Start {
  AttemptId attempt = 0;
};
struct Cancel {
  AttemptId attempt = 0;
};
struct Heartbeat {};
/// The job has ended, and nothing more is wanted of the worker.
struct Shutdown {
  bool failed = false;
  std::string message;
};

using FromMaster = std::variant<Registered, Refused, Deploy, Start, Cancel, Heartbeat, Shutdown, TriggerCheckpoint, NotifyCheckpointComplete,
                                NotifyCheckpointAborted>;

// As frames. Decoding believes nothing: DATA_LOSS says what is malformed.
std::string encode(const FromWorker& message);
std::string encode(const FromMaster& message);
StatusOr<FromWorker> decode_from_worker(std::string_view frame);
StatusOr<FromMaster> decode_from_master(std::string_view frame);
/// The protocol that a RegisterWorker speaks, also one that cannot be decoded because it is of another version; nothing if it is no such
/// message.
std::optional<int32_t> protocol_of_registration(std::string_view frame);

}  // namespace weir
