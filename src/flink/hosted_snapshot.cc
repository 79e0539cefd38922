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
  kFailed = 4,
  kBegin = 5
};

/// A group up to this size is kept when it is measured.
constexpr size_t kSmallGroup = kStatePieceBytes;

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
  if (snapshot->has_rest_) snapshot->run_([snapshot] { snapshot->write(); });
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
      if (source && list.mode != ListStateMode::kSplit && !list.elements.empty()) {
        return failed_precondition(
            cat("operator uid '", op.uid, "' keeps list state '", name, "' in mode ",
                mode_name(list.mode),
                " and is in one chain with a source, of which Flink keeps no such state; call "
                "start_new_chain() on the operator"));
      }
      for (std::string& element : list.elements) {
        elements_of(list.mode).push_back(encode_hosted_element(
            HostedListElement{op.id, name, list.mode, list.element, std::move(element)}));
      }
    }
  }
  if (!source) {
    types_ = hosted_types(header.operators);
    union_elements_.push_back(encode_hosted_element(std::move(header)));
  }
  return {};
}

std::vector<std::string>& HostedSnapshot::elements_of(ListStateMode mode) {
  switch (mode) {
    case ListStateMode::kUnion: return union_elements_;
    case ListStateMode::kBroadcast: return broadcast_elements_;
    case ListStateMode::kSplit: break;
  }
  return split_elements_;
}

void HostedSnapshot::write() {
  {
    std::lock_guard lock(mutex_);
    begun_ = true;
    if (dropped_) return;  // there is nothing left to write
  }
  Status status = call_user_code(cat("what belongs to checkpoint ", taken_.id),
                                 [this] { return write_rest(); });
  taken_.operators.clear();
  std::lock_guard lock(mutex_);
  failure_ = std::move(status);
  written_ = true;
}

Status HostedSnapshot::write_rest() {
  for (const auto& work : taken_.before_ack) WEIR_RETURN_IF_ERROR(work());
  for (int group = range_.first; group <= range_.last && !dropped(); ++group)
    WEIR_RETURN_IF_ERROR(write_group(group));
  return {};
}

Status HostedSnapshot::write_group(int group) {
  std::string kept;
  size_t measured = 0;
  std::vector<HostedGroupPart> parts;
  std::vector<int64_t> lengths;
  for (const OperatorSnapshot& op : taken_.operators) {
    if (!op.keyed) continue;
    const size_t before = measured;
    WEIR_RETURN_IF_ERROR(write_part(op, group, /*again=*/true, [&](std::string_view bytes) {
      measured += bytes.size();
      if (measured <= kSmallGroup) kept += bytes;
    }));
    parts.push_back({op.id, types_, {}});
    lengths.push_back(static_cast<int64_t>(measured - before));
  }
  if (measured > 0) {
    std::string header = encode_hosted_group_header(parts, lengths);
    BinaryWriter length;
    length.put_i64(static_cast<int64_t>(header.size() + measured));
    push(group, Piece::kBegin, length.take());
    if (measured > kSmallGroup) return write_measured_group(group, std::move(header), lengths);
    push(group, Piece::kLast, std::move(header) + kept);
  }
  for (const OperatorSnapshot& op : taken_.operators) {
    if (op.keyed) op.keyed->done_with(group);
  }
  return {};
}

Status HostedSnapshot::write_measured_group(int group, std::string header,
                                            const std::vector<int64_t>& lengths) {
  std::string pending = std::move(header);
  auto length = lengths.begin();
  for (const OperatorSnapshot& op : taken_.operators) {
    if (!op.keyed) continue;
    int64_t written = 0;
    WEIR_RETURN_IF_ERROR(write_part(op, group, /*again=*/false, [&](std::string_view bytes) {
      written += static_cast<int64_t>(bytes.size());
      pending += bytes;
      if (pending.size() >= kStatePieceBytes)
        push(group, Piece::kBytes, std::exchange(pending, {}));
    }));
    if (const int64_t expected = *length++; written != expected && !dropped()) {
      return internal_error(cat(op.label, ": key group ", group, " took ", expected,
                                " bytes at first and ", written,
                                " bytes when it was written again: its serializer must give the "
                                "same bytes for the same value"));
    }
  }
  push(group, Piece::kLast, std::move(pending));
  return {};
}

Status HostedSnapshot::write_part(const OperatorSnapshot& op, int group, bool again,
                                  const Take& take) {
  return call_user_code(op.label, [&] {
    scratch_.clear();
    detail::KeyGroupWriting writing;
    writing.again = again;
    writing.drain = [&](std::string_view bytes) {
      take(bytes);
      return !dropped();
    };
    WEIR_RETURN_IF_ERROR(op.keyed->write_group(group, scratch_, &writing));
    take(scratch_.buffer());
    return Status();
  });
}

void HostedSnapshot::push(int group, Piece piece, std::string bytes) {
  constexpr std::chrono::milliseconds kLook{1000};
  while (true) {
    {
      std::lock_guard lock(mutex_);
      if (dropped_) return;
      if (queued_bytes_ < kQueueBytes) {
        queued_bytes_ += bytes.size();
        return queue_.push_back({group, piece, std::move(bytes)});
      }
    }
    room_.wait(kLook);
  }
}

bool HostedSnapshot::dropped() {
  std::lock_guard lock(mutex_);
  return dropped_;
}

void HostedSnapshot::put_chunk(BinaryWriter& out) {
  std::lock_guard lock(mutex_);
  if (!failure_.ok()) {
    drained_ = true;
    return put(out, Chunk::kFailed, -1, failure_.message());
  }
  if (queue_.empty()) {
    drained_ = written_;
    return put(out, written_ ? Chunk::kAllWritten : Chunk::kNotYet, -1, {});
  }
  const Queued& front = queue_.front();
  const std::string_view bytes = std::string_view(front.bytes).substr(sent_, kStatePieceBytes);
  sent_ += bytes.size();
  const bool all = sent_ == front.bytes.size();
  const Chunk what = front.piece == Piece::kBegin         ? Chunk::kBegin
                     : front.piece == Piece::kLast && all ? Chunk::kLastBytes
                                                          : Chunk::kBytes;
  put(out, what, front.key_group, bytes);
  if (!all) return;
  sent_ = 0;
  queued_bytes_ -= front.bytes.size();
  queue_.pop_front();
  room_.wake();
}

void HostedSnapshot::drop() {
  std::vector<OperatorSnapshot> done_with;  // destroyed when no lock is held
  std::lock_guard lock(mutex_);
  dropped_ = true;
  queue_.clear();
  if (!begun_) done_with = std::move(taken_.operators);
  room_.wake();
}

}  // namespace weir
