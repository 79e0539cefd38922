// Messages as frames: one byte for the kind, then the fields in order.

#include <optional>
#include <type_traits>

#include "base/strings.h"
#include "cluster/codec/archive.h"
#include "cluster/codec/metric_fields.h"
#include "cluster/codec/state_fields.h"
#include "cluster/messages.h"

namespace weir {
namespace codec {

template <class Archive>
void fields(Archive& a, RegisterWorker& m) {
  a | m.protocol;
  a | m.fingerprint;
  a | m.job_name;
  a | m.build;
  a | m.worker;
  a | m.host;
  a | m.data_address;
  a | m.slots;
}
template <class Archive>
void fields(Archive& a, Deployed& m) {
  a | m.attempt;
}
template <class Archive>
void fields(Archive& a, TaskFailed& m) {
  a | m.attempt;
  a | m.task;
  a | m.status;
}
template <class Archive>
void fields(Archive& a, TasksEnded& m) {
  a | m.attempt;
  a | m.finished;
}
template <class Archive>
void fields(Archive& a, Canceled& m) {
  a | m.attempt;
}
template <class Archive>
void fields(Archive& a, ProgressReport& m) {
  a | m.attempt;
  a | m.source_records;
  a | m.watermark;
  a | m.late_records;
}
template <class Archive>
void fields(Archive&, HeartbeatReply&) {}
template <class Archive>
void fields(Archive& a, MetricsOfWorker& m) {
  a | m.attempt;
  a | m.report;
}
template <class Archive>
void fields(Archive& a, TextOfProcess& m) {
  a | m.request;
  a | m.text;
}
template <class Archive>
void fields(Archive& a, TaskCheckpointFigures& f) {
  a | f.vertex;
  a | f.subtask;
  a | f.start_delay_us;
  a | f.alignment_us;
  a | f.sync_us;
  a | f.async_us;
  a | f.state_bytes;
  a | f.overtook;
  a | f.in_flight_bytes;
}
template <class Archive>
void fields(Archive& a, AcknowledgeCheckpoint& m) {
  a | m.attempt;
  a | m.id;
  a | m.process;
  a | m.states;
  a | m.files;
  a | m.descriptions;
  a | m.tasks;
}
template <class Archive>
void fields(Archive& a, DeclineCheckpoint& m) {
  a | m.attempt;
  a | m.id;
  a | m.process;
  a | m.reason;
}

template <class Archive>
void fields(Archive& a, RequestSplit& m) {
  a | m.attempt;
  a | m.vertex;
  a | m.subtask;
}

template <class Archive>
void fields(Archive& a, ReportWatermark& m) {
  a | m.attempt;
  a | m.vertex;
  a | m.subtask;
  a | m.watermark;
}

template <class Archive>
void fields(Archive& a, Registered& m) {
  a | m.epoch;
}
template <class Archive>
void fields(Archive& a, Refused& m) {
  a | m.reason;
}
template <class Archive>
void fields(Archive& a, AttemptPlan& p) {
  a | p.shards;
  a | p.worker_of_shard;
  a | p.data_addresses;
  a | p.restored_checkpoint;
  a | p.restored_directory;
  a | p.run;
  a | p.continues_run;
  a | p.max_parallelisms;
  a | p.plan;
  a | p.sidecar;
}
template <class Archive>
void fields(Archive& a, RestoredSubtask& r) {
  a | r.op;
  a | r.subtask;
  a | r.restore;
}
template <class Archive>
void fields(Archive& a, SubtaskSplits& s) {
  a | s.vertex;
  a | s.subtask;
  a | s.splits;
  a | s.more_follow;
}
template <class Archive>
void fields(Archive& a, Deploy& m) {
  a | m.attempt;
  a | m.own;
  a | m.own_shards;
  a | m.common;
  a | m.restores;
  a | m.files;
  a | m.splits;
}
template <class Archive>
void fields(Archive& a, Start& m) {
  a | m.attempt;
  a | m.stopped;
}
template <class Archive>
void fields(Archive& a, Cancel& m) {
  a | m.attempt;
}
template <class Archive>
void fields(Archive& a, AssignSplits& m) {
  a | m.attempt;
  a | m.to;
}
template <class Archive>
void fields(Archive& a, AlignWatermark& m) {
  a | m.attempt;
  a | m.vertex;
  a | m.max_allowed;
}
template <class Archive>
void fields(Archive&, Heartbeat&) {}
template <class Archive>
void fields(Archive& a, RequestText& m) {
  a | m.request;
  a | m.what;
}
template <class Archive>
void fields(Archive& a, Shutdown& m) {
  a | m.failed;
  a | m.message;
}
template <class Archive>
void fields(Archive& a, TriggerCheckpoint& m) {
  a | m.attempt;
  a | m.id;
  a | m.timestamp_ms;
  a | m.savepoint;
  a | m.stop;
  a | m.full;
  a | m.mark;
  if constexpr (Archive::kReads) {
    if (m.stop > StopMode::kDrain) a.in.fail("an unknown way to stop");
  }
}
template <class Archive>
void fields(Archive& a, NotifyCheckpointComplete& m) {
  a | m.attempt;
  a | m.id;
  a | m.ends_job;
}
template <class Archive>
void fields(Archive& a, CommitWithoutCheckpoint& m) {
  a | m.attempt;
}
template <class Archive>
void fields(Archive& a, NotifyCheckpointAborted& m) {
  a | m.attempt;
  a | m.id;
}

namespace {

template <class Variant>
std::string encode_variant(const Variant& message) {
  Encoder encoder;
  encoder | const_cast<Variant&>(message);
  return encoder.out.take();
}

template <class Variant>
StatusOr<Variant> decode_variant(std::string_view frame, std::string_view from) {
  Decoder decoder(frame);
  Variant message;
  decoder | message;
  if (Status status = decoder.in.end(from); !status.ok()) return status;
  return message;
}

}  // namespace
}  // namespace codec

std::string attempt_text(AttemptId attempt) {
  const int64_t counter = attempt - first_attempt_of(epoch_of(attempt));
  return epoch_of(attempt) == 0 ? cat(counter) : cat(epoch_of(attempt), '.', counter);
}

std::string encode(const FromWorker& message) { return codec::encode_variant(message); }
std::string encode(const FromMaster& message) { return codec::encode_variant(message); }
StatusOr<FromWorker> decode_from_worker(std::string_view frame) {
  return codec::decode_variant<FromWorker>(frame, "a message from a worker");
}
StatusOr<FromMaster> decode_from_master(std::string_view frame) {
  return codec::decode_variant<FromMaster>(frame, "a message from the coordinator");
}

std::optional<int32_t> protocol_of_registration(std::string_view frame) {
  static_assert(std::is_same_v<std::variant_alternative_t<0, FromWorker>, RegisterWorker>);
  BinaryReader in(frame);
  const int64_t kind = in.get_i64();
  const int64_t protocol = in.get_i64();
  if (!in.ok() || kind != 0) return std::nullopt;
  return static_cast<int32_t>(protocol);
}

}  // namespace weir
