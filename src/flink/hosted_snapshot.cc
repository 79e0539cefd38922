#include "flink/hosted_snapshot.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "flink/chain_protocol.h"
#include "runtime/user_code.h"

namespace weir {
namespace {

enum class Chunk : uint8_t {
  kBytes = 0,
  kLastBytes = 1,
  kAllWritten = 2,
  kNotYet = 3,
  kFailed = 4
};

void put(BinaryWriter& out, Chunk what, int key_group, std::string_view bytes) {
  out.put_u8(static_cast<uint8_t>(what));
  out.put_i32(key_group);
  out.put_bytes(bytes);
}

}  // namespace

StatusOr<std::shared_ptr<HostedSnapshot>> HostedSnapshot::begin(TaskSnapshot taken, bool source,
                                                                Run run) {
  std::shared_ptr<HostedSnapshot> snapshot(new HostedSnapshot(std::move(taken), std::move(run)));
  WEIR_RETURN_IF_ERROR(snapshot->describe_lists(source));
  if (snapshot->has_rest_) {
    std::lock_guard lock(snapshot->mutex_);
    snapshot->go_on();
  }
  return snapshot;
}

Status HostedSnapshot::describe_lists(bool source) {
  HostedHeader header;
  header.checkpoint_id = taken_.id;
  has_rest_ = !taken_.before_ack.empty();
  for (OperatorSnapshot& op : taken_.operators) {
    if (op.keyed || !op.lists.empty()) header.operators.push_back(describe(op));
    if (op.keyed) {
      has_rest_ = true;
      range_ = op.keyed->range();
    }
    for (auto& [name, list] : op.lists) {
      if (source && list.mode == ListStateMode::kUnion && !list.elements.empty()) {
        return failed_precondition(
            cat("operator uid '", op.uid, "' keeps list state '", name,
                "' in mode union and is in one chain with a source, of which Flink keeps no such "
                "state; start a new chain before it"));
      }
      for (std::string& element : list.elements) {
        auto& elements = list.mode == ListStateMode::kUnion ? union_elements_ : split_elements_;
        elements.push_back(encode_hosted_element(
            HostedListElement{op.id, name, list.mode, list.element, std::move(element)}));
      }
    }
  }
  next_group_ = range_.first;
  if (!source) {
    types_ = hosted_types(header.operators);
    union_elements_.push_back(encode_hosted_element(std::move(header)));
  }
  return {};
}

void HostedSnapshot::go_on() {
  if (writing_ || written_ || dropped_ || !failure_.ok() || queued_bytes_ >= kQueueBytes / 2)
    return;
  writing_ = true;
  run_([self = shared_from_this()] { self->write_some(); });
}

void HostedSnapshot::write_some() {
  std::vector<OperatorSnapshot> done_with;  // destroyed when no lock is held
  const std::string label = cat("what belongs to checkpoint ", taken_.id);
  while (true) {
    {
      std::lock_guard lock(mutex_);
      if (dropped_ || written_) done_with = std::move(taken_.operators);
      if (dropped_ || written_ || queued_bytes_ >= kQueueBytes) {
        writing_ = false;
        return;
      }
    }
    const StatusOr<bool> more = call_user_code(label, [this] { return write_next(); });
    std::lock_guard lock(mutex_);
    if (!more.ok()) failure_ = more.status();
    written_ = !more.ok() || !*more;
  }
}

/// False: there is nothing left.
StatusOr<bool> HostedSnapshot::write_next() {
  if (!acknowledged_) {
    for (const auto& work : taken_.before_ack) WEIR_RETURN_IF_ERROR(work());
    acknowledged_ = true;
  }
  if (next_group_ > range_.last) return false;
  const int group = next_group_++;
  scratch_.clear();
  std::vector<HostedGroupPart> parts;
  std::vector<size_t> ends;
  for (const OperatorSnapshot& op : taken_.operators) {
    if (!op.keyed) continue;
    WEIR_RETURN_IF_ERROR(
        call_user_code(op.label, [&] { return op.keyed->write_group(group, scratch_); }));
    parts.push_back({op.id, types_, {}});
    ends.push_back(scratch_.size());
  }
  // The buffer no longer moves, so views into it are now valid.
  for (size_t i = 0; i < parts.size(); ++i) {
    const size_t begin = i == 0 ? 0 : ends[i - 1];
    parts[i].state = std::string_view(scratch_.buffer()).substr(begin, ends[i] - begin);
  }
  std::string blob = encode_hosted_group(parts);
  if (blob.empty()) return true;
  std::lock_guard lock(mutex_);
  queued_bytes_ += blob.size();
  queue_.push_back({group, std::move(blob)});
  return true;
}

void HostedSnapshot::put_chunk(BinaryWriter& out) {
  if (sent_ == current_.size()) {
    std::lock_guard lock(mutex_);
    if (!failure_.ok()) {
      drained_ = true;
      return put(out, Chunk::kFailed, -1, failure_.message());
    }
    if (queue_.empty()) {
      if (written_) {
        drained_ = true;
        put(out, Chunk::kAllWritten, -1, {});
      } else {
        go_on();
        put(out, Chunk::kNotYet, -1, {});
      }
      return;
    }
    current_ = std::move(queue_.front().bytes);
    current_group_ = queue_.front().key_group;
    queue_.pop_front();
    queued_bytes_ -= current_.size();
    sent_ = 0;
    go_on();
  }
  const std::string_view piece = std::string_view(current_).substr(sent_, kStatePieceBytes);
  sent_ += piece.size();
  put(out, sent_ == current_.size() ? Chunk::kLastBytes : Chunk::kBytes, current_group_, piece);
}

void HostedSnapshot::drop() {
  std::vector<OperatorSnapshot> done_with;
  std::lock_guard lock(mutex_);
  dropped_ = true;
  queue_.clear();
  if (!writing_) done_with = std::move(taken_.operators);
}

}  // namespace weir
