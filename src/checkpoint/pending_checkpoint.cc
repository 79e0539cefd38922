#include "checkpoint/pending_checkpoint.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/keyed_layers.h"
#include "checkpoint/protocol/paths.h"
#include "weir/detail/base/check.h"

namespace weir {
namespace {

/// Checks that a state's stream is inside a data file of the same message, and returns the stream's
/// length.
StatusOr<int64_t> check_stream(const StateStream& stream,
                               const std::map<std::string, int64_t>& file_lengths) {
  const auto* segment = std::get_if<FileSegment>(&stream);
  if (segment == nullptr) return stream_length(stream);
  const auto file = file_lengths.find(segment->file);
  if (file == file_lengths.end()) {
    return invalid_argument(cat("it refers to the file \"", segment->file,
                                "\", which is not among the files it names"));
  }
  if (segment->offset < 0 || segment->length < 0 || segment->offset > file->second ||
      segment->length > file->second - segment->offset) {
    return invalid_argument(cat("it refers to ", segment->length, " bytes at ", segment->offset,
                                " of ", segment->file, ", which has only ", file->second));
  }
  return segment->length;
}

Status check_offsets(const std::vector<int64_t>& offsets, int64_t least, int64_t length) {
  for (const int64_t offset : offsets) {
    if (offset < least || offset > length)
      return invalid_argument(
          cat("it has the offset ", offset, " in a state of ", length, " bytes"));
  }
  return {};
}

Status check_state(const SubtaskState& state, KeyGroupRange range,
                   const std::map<std::string, int64_t>& file_lengths) {
  if (state.operator_state) {
    WEIR_ASSIGN_OR_RETURN(const int64_t length,
                          check_stream(state.operator_state->stream, file_lengths));
    for (const auto& [name, list] : state.operator_state->lists)
      WEIR_RETURN_IF_ERROR(check_offsets(list.offsets, 0, length));
  }
  if (state.keyed_state) {
    for (const KeyedStateHandle& layer : layers_of(*state.keyed_state)) {
      WEIR_ASSIGN_OR_RETURN(const int64_t length, check_stream(layer.stream, file_lengths));
      if (!(layer.range == range) || layer.offsets.size() != static_cast<size_t>(range.size())) {
        return invalid_argument(cat("it has ", layer.offsets.size(), " offsets for the key groups ",
                                    layer.range.first, " to ", layer.range.last, ", but owns ",
                                    range.first, " to ", range.last));
      }
      const int64_t least = state.keyed_state->layers.empty() ? 0 : -length;
      WEIR_RETURN_IF_ERROR(check_offsets(layer.offsets, least, length));
    }
  }
  return {};
}

StatusOr<std::map<std::string, int64_t>> check_files(const std::vector<DataFile>& files) {
  std::map<std::string, int64_t> lengths;
  for (const DataFile& file : files) {
    const bool possible = (is_plain_file_name(file.name) && !file.name.starts_with("_")) ||
                          parse_shared_reference(file.name);
    if (!possible || file.length < 0) {
      return invalid_argument(cat("it names \"", file.name, "\" with ", file.length,
                                  " bytes, which cannot be a data file"));
    }
    if (!lengths.emplace(file.name, file.length).second)
      return invalid_argument(cat("it names the file ", file.name, " twice"));
  }
  return lengths;
}

const CheckpointedOperator* find_operator(const CheckpointParticipants& participants,
                                          const OperatorId& id) {
  for (const CheckpointedOperator& each : participants.operators) {
    if (each.id == id) return &each;
  }
  return nullptr;
}

/// Merges `from` into `to`; false if they contradict each other. Subtasks may know different states
/// of one operator.
bool merge_description(const OperatorStateDescription& from, OperatorStateDescription& to) {
  to.operator_id = from.operator_id;
  if (to.uid.empty()) to.uid = from.uid;
  if (!to.key_type) to.key_type = from.key_type;
  bool agree = to.uid == from.uid && (!from.key_type || *to.key_type == *from.key_type);
  const auto merge = [&agree](const auto& theirs, auto& ours) {
    for (const auto& state : theirs) {
      const auto same = std::find_if(ours.begin(), ours.end(),
                                     [&](const auto& each) { return each.name == state.name; });
      if (same == ours.end()) {
        ours.push_back(state);
      } else {
        agree = agree && *same == state;
      }
    }
  };
  merge(from.keyed_states, to.keyed_states);
  merge(from.lists, to.lists);
  return agree;
}

/// Checks the contents, once the subtasks are known to be the process's: each state is inside a
/// data file of the same message and has the key groups of its subtask.
Status check_acknowledgement(const AcknowledgeCheckpoint& message,
                             const CheckpointParticipants& participants) {
  const auto lengths = check_files(message.files);
  const std::string what = cat("the acknowledgement of checkpoint ", message.id, " from process ",
                               message.process, " is malformed");
  if (!lengths.ok()) return lengths.status().with_context(what);
  for (const OperatorSubtaskState& each : message.states) {
    const CheckpointedOperator* op = find_operator(participants, each.operator_id);
    WEIR_CHECK(op != nullptr);
    const Status status = check_state(
        each.state, key_groups_of_subtask(each.subtask, op->parallelism, op->max_parallelism),
        lengths.value());
    if (!status.ok())
      return status.with_context(
          cat(what, ", subtask ", each.subtask, " of operator \"", op->name, "\""));
  }
  return {};
}

}  // namespace

std::string_view to_string(AckOutcome outcome) {
  switch (outcome) {
    case AckOutcome::kAccepted: return "accepted";
    case AckOutcome::kDuplicate: return "duplicate";
    case AckOutcome::kUnknown: return "unknown";
    case AckOutcome::kTooLate: return "too late";
    case AckOutcome::kInvalid: return "invalid";
  }
  return "?";
}

PendingCheckpoint::PendingCheckpoint(AttemptId attempt, CheckpointId id, int64_t timestamp_ms,
                                     MonotonicTime started,
                                     std::shared_ptr<const CheckpointParticipants> participants)
    : attempt_(attempt),
      id_(id),
      timestamp_ms_(timestamp_ms),
      started_(started),
      participants_(std::move(participants)) {
  for (const auto& [process, subtasks] : participants_->processes) {
    for (const SubtaskId& subtask : subtasks) {
      WEIR_CHECK(find_operator(*participants_, subtask.operator_id) != nullptr);
      const bool once = waiting_.emplace(subtask, process).second;
      WEIR_CHECK(once);
    }
  }
  WEIR_CHECK(!waiting_.empty());
}

void PendingCheckpoint::move_to(CheckpointPhase phase) {
  WEIR_CHECK(may_move(phase_, phase));
  phase_ = phase;
}

AckOutcome PendingCheckpoint::acknowledge(const AcknowledgeCheckpoint& message, Status* reason) {
  if (message.attempt != attempt_) return AckOutcome::kUnknown;
  if (message.id != id_) return AckOutcome::kUnknown;
  if (phase_ == CheckpointPhase::kAborted) return AckOutcome::kTooLate;
  const auto process = participants_->processes.find(message.process);
  if (process == participants_->processes.end() || message.states.empty())
    return AckOutcome::kUnknown;

  std::set<SubtaskId> seen;
  size_t repeated = 0;
  for (const OperatorSubtaskState& each : message.states) {
    const SubtaskId subtask{each.operator_id, each.subtask};
    const bool belongs =
        std::find(process->second.begin(), process->second.end(), subtask) != process->second.end();
    if (!belongs) return AckOutcome::kUnknown;
    repeated += !waiting_.contains(subtask);
    if (!seen.insert(subtask).second) {
      *reason = invalid_argument(cat("the acknowledgement of checkpoint ", id_, " from process ",
                                     message.process, " names subtask ", each.subtask,
                                     " of operator ", each.operator_id.to_hex(), " twice"));
      return AckOutcome::kInvalid;
    }
  }
  if (repeated == message.states.size()) return AckOutcome::kDuplicate;
  if (repeated > 0) {
    *reason = invalid_argument(cat("the acknowledgement of checkpoint ", id_, " from process ",
                                   message.process, " is for ", repeated,
                                   " subtasks that have acknowledged before and ",
                                   message.states.size() - repeated, " that have not"));
    return AckOutcome::kInvalid;
  }
  if (phase_ != CheckpointPhase::kTriggered) return AckOutcome::kUnknown;

  *reason = check_acknowledgement(message, *participants_);
  for (const DataFile& file : message.files) {
    if (reason->ok() && file_names_.contains(file.name)) {
      *reason = invalid_argument(
          cat("two acknowledgements of checkpoint ", id_, " name the file ", file.name));
    }
  }
  std::map<OperatorId, OperatorStateDescription> described = descriptions_;
  for (const OperatorStateDescription& each : message.descriptions) {
    if (!reason->ok()) break;
    if (!merge_description(each, described[each.operator_id])) {
      *reason = invalid_argument(
          cat("process ", message.process, " describes the state of operator ",
              each.operator_id.to_hex(), " in checkpoint ", id_,
              " otherwise than the others; do all processes run the same executable?"));
    }
  }
  if (!reason->ok()) return AckOutcome::kInvalid;

  for (const OperatorSubtaskState& each : message.states) {
    const SubtaskId subtask{each.operator_id, each.subtask};
    waiting_.erase(subtask);
    states_.emplace(subtask, each.state);
  }
  for (const DataFile& file : message.files) {
    files_.push_back(file);
    file_names_.insert(file.name);
  }
  descriptions_ = std::move(described);
  if (waiting_.empty()) move_to(CheckpointPhase::kAcknowledged);
  return AckOutcome::kAccepted;
}

std::string PendingCheckpoint::missing() const {
  if (waiting_.empty()) return {};
  std::map<int, int> by_process;
  for (const auto& [subtask, process] : waiting_) ++by_process[process];
  std::string text = cat(waiting_.size(), " of ", waiting_.size() + states_.size(),
                         " subtasks have not acknowledged: process ");
  bool first = true;
  for (const auto& [process, count] : by_process) {
    text += cat(first ? "" : ", ", process, " (", count, ")");
    first = false;
  }
  return text;
}

CheckpointMetadata PendingCheckpoint::metadata() const {
  CheckpointMetadata metadata{id_, {}};
  for (const CheckpointedOperator& op : participants_->operators) {
    OperatorSnapshotState state{op.name, op.uid, op.id, op.parallelism, op.max_parallelism, {}};
    if (const auto found = enumerators_.find(op.id); found != enumerators_.end())
      state.enumerator = found->second;
    for (auto it = states_.lower_bound({op.id, 0});
         it != states_.end() && it->first.operator_id == op.id; ++it) {
      state.subtasks.emplace(it->first.subtask, it->second);
    }
    metadata.operators.push_back(std::move(state));
  }
  return metadata;
}

std::vector<OperatorStateDescription> PendingCheckpoint::descriptions() const {
  std::vector<OperatorStateDescription> all;
  for (const auto& [id, description] : descriptions_) all.push_back(description);
  return all;
}

}  // namespace weir
