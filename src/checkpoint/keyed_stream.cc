#include "checkpoint/keyed_stream.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <optional>

#include "base/bug_switch.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/heap_layout.h"
#include "checkpoint/hosted_state.h"
#include "checkpoint/snappy_frames.h"
#include "platform/deferred_task.h"
#include "types/compatibility.h"
#include "weir/detail/base/check.h"

namespace weir {
namespace {

// A request to remote storage takes as long as reading some megabytes.
constexpr int64_t kReadBytes = 4 << 20;

/// The types as they were written, in the order of the stream's states. The sidecar and the stream
/// must agree.
StatusOr<KeyedStreamHeader> in_order_of(const KeyedStreamHeader& stored,
                                        const KeyedStreamHeader& known) {
  KeyedStreamHeader result;
  if (const auto why = why_incompatible(stored.key_type, known.key_type)) {
    return data_loss(cat("the stream and the sidecar contradict each other: the key is ", *why));
  }
  result.key_type = known.key_type;
  result.compression = stored.compression;
  for (const KeyedStateInfo& state : stored.states) {
    const auto found = std::find_if(known.states.begin(), known.states.end(),
                                    [&](const KeyedStateInfo& k) { return k.name == state.name; });
    if (found == known.states.end())
      return data_loss(cat("the sidecar does not mention state '", state.name, "'"));
    std::optional<std::string> why;
    if (found->kind != state.kind) {
      why = "of another kind";
    } else if (!(why = why_incompatible(state.name_space, found->name_space)) &&
               state.kind != KeyedStateInfo::Kind::kTimers) {
      why = why_incompatible(state.value, found->value);
    }
    if (why)
      return data_loss(cat("the stream and the sidecar contradict each other: state '", state.name,
                           "' is ", *why));
    result.states.push_back(*found);
  }
  return result;
}

using Groups = std::vector<KeyGroupBytes>::const_iterator;

/// The end of the groups that are read together with `first`.
Groups end_of_piece(Groups first, Groups end) {
  Groups next = first + 1;
  while (next != end && next->offset == (next - 1)->offset + (next - 1)->length &&
         next->offset + next->length - first->offset <= kReadBytes)
    ++next;
  return next;
}

/// Reads a stream piece by piece. Reads the next piece ahead while one is in use.
class PieceReader {
 public:
  PieceReader(const ReadAt& read, Scheduler* ahead) : read_(read), ahead_(ahead) {}

  /// Sets the next piece. `in_use`: a previous piece is still in use, so read ahead.
  void expect(Groups first, Groups end, bool in_use) {
    const int64_t start = first->offset;
    const int64_t length = (end - 1)->offset + (end - 1)->length - start;
    next_ = next_ == &pieces_[0] ? &pieces_[1] : &pieces_[0];
    read_next_ = [this, piece = next_, start, length] {
      piece->bytes = read_(start, length, &piece->memory);
    };
    if (ahead_ != nullptr && in_use) deferred_task_.emplace(*ahead_, read_next_);
  }
  /// Returns the piece set by expect(); valid until the call after next.
  StatusOr<std::string_view> take() {
    if (deferred_task_) {
      deferred_task_->wait();
      deferred_task_.reset();
    } else {
      read_next_();
    }
    return next_->bytes;
  }

 private:
  struct Piece {
    std::string memory;
    StatusOr<std::string_view> bytes = std::string_view();
  };

  const ReadAt& read_;
  Scheduler* const ahead_;
  Piece pieces_[2];
  Piece* next_ = &pieces_[0];
  std::function<void()> read_next_;
  std::optional<DeferredTask> deferred_task_;  ///< last, because it works on the other members
};

/// Calls `restore` with each group and its bytes. Reads some megabytes at a time.
Status read_groups(const std::vector<KeyGroupBytes>& groups, const ReadAt& read, Scheduler* ahead,
                   const std::function<Status(int key_group, std::string_view bytes)>& restore) {
  if (groups.empty()) return {};
  PieceReader pieces(read, ahead);
  auto end = end_of_piece(groups.begin(), groups.end());
  pieces.expect(groups.begin(), end, /*in_use=*/false);
  for (auto group = groups.begin(); group != groups.end();) {
    const int64_t start = group->offset;
    const Groups end_of_this = end;
    WEIR_ASSIGN_OR_RETURN(const std::string_view piece, pieces.take());
    if (end_of_this != groups.end()) {
      end = end_of_piece(end_of_this, groups.end());
      pieces.expect(end_of_this, end, /*in_use=*/true);
    }
    for (; group != end_of_this; ++group) {
      WEIR_RETURN_IF_ERROR(
          restore(group->key_group, piece.substr(static_cast<size_t>(group->offset - start),
                                                 static_cast<size_t>(group->length))));
    }
  }
  return {};
}

Status restore_group(int key_group, std::string_view bytes, KeyedState& state,
                     bool changes = false) {
  BinaryReader in(bytes);
  WEIR_RETURN_IF_ERROR(changes ? state.read_changes(key_group, in)
                               : state.read_group(key_group, in));
  return in.status(cat("key group ", key_group));
}

/// Flink's heap backend writes the number of the group uncompressed, before the frames.
Status decompress_group(std::string_view bytes, bool is_heap, std::string* plain) {
  const size_t number = is_heap ? std::min(bytes.size(), sizeof(int32_t)) : 0;
  plain->assign(bytes.substr(0, number));
  return read_snappy_frames(bytes.substr(number), plain);
}

/// Restores the operator's part of a group's blob, of a chain that Flink hosted.
Status restore_hosted_group(const HostedPart& wanted, int key_group, std::string_view bytes,
                            KeyedState& state) {
  const std::string where = cat("key group ", key_group);
  BinaryReader in(bytes);
  const int64_t length = in.get_i64();
  if (length < 0) in.fail("a negative length");
  const std::string_view blob = in.get_raw(static_cast<size_t>(length));
  WEIR_RETURN_IF_ERROR(in.status(where));
  if (blob.empty()) return {};
  const auto parts = decode_hosted_group(blob);
  if (!parts.ok()) return parts.status().with_context(where);
  for (const HostedGroupPart& part : *parts) {
    if (part.operator_id != wanted.operator_id) continue;
    if (part.types != wanted.types)
      return data_loss(cat(where, " was written with other types than those that are described"));
    WEIR_RETURN_IF_ERROR(restore_group(key_group, part.state, state));
  }
  return {};
}

/// The stream of a chain that Flink hosted has no header.
Status restore_hosted_state(const KeyedStateHandle& handle, KeyGroupRange groups,
                            const ReadAt& read, const KeyedStreamHeader* known,
                            bool ignore_unclaimed, KeyedState& state, Scheduler* ahead) {
  if (known == nullptr)
    return data_loss("nothing says what the state that Flink kept for a chain is made of");
  WEIR_RETURN_IF_ERROR(state.begin_restore(&known->key_type, known->states, ignore_unclaimed));
  WEIR_ASSIGN_OR_RETURN(const auto found, find_key_groups(handle, groups));
  return read_groups(found, read, ahead, [&](int key_group, std::string_view bytes) {
    return restore_hosted_group(*handle.hosted, key_group, bytes, state);
  });
}

enum class HeaderAlone { kWrite, kOmit };

/// The header and the key groups on their way to the sink.
class GroupOutput {
 public:
  GroupOutput(std::string_view header, StateCompression compression, const ByteSink& sink)
      : pending_(header), compression_(compression), sink_(sink), empty_(pending_.size()) {}

  /// In the stream.
  int64_t position() const { return passed_on_ + static_cast<int64_t>(pending_.size()); }
  bool has_header_only() const { return passed_on_ == 0 && pending_.size() == empty_; }

  /// Adds the next bytes of a group.
  Status add(std::string_view bytes) {
    if (compression_ == StateCompression::kSnappy) {
      frames_.add(bytes);
    } else if (bytes.size() >= detail::KeyGroupWriting::kDrainBytes) {
      WEIR_RETURN_IF_ERROR(pass_on());
      passed_on_ += static_cast<int64_t>(bytes.size());
      return sink_(bytes);
    } else {
      pending_.append(bytes);
    }
    return pending_.size() < detail::KeyGroupWriting::kDrainBytes ? Status() : pass_on();
  }
  void end_group() { frames_.finish(); }
  Status pass_on() {
    if (pending_.empty()) return {};
    passed_on_ += static_cast<int64_t>(pending_.size());
    const Status status = sink_(pending_);
    pending_.clear();
    return status;
  }

 private:
  std::string pending_;
  SnappyFrameWriter frames_{pending_};
  const StateCompression compression_;
  const ByteSink& sink_;
  const size_t empty_;
  int64_t passed_on_ = 0;
};

/// `write(group, out, writing)` writes one key group.
template <class Write>
Status write_groups(const KeyedStateSnapshot& snapshot, StateCompression compression,
                    const ByteSink& sink, HeaderAlone alone, std::vector<int64_t>* offsets,
                    LargestValue* largest, const Write& write) {
  const std::vector<KeyedStateInfo> states = snapshot.states();
  if (states.size() > kMaxStates) {
    return invalid_argument(cat("an operator has ", states.size(), " keyed states; at most ",
                                kMaxStates, " fit into a checkpoint"));
  }
  for (const KeyedStateInfo& state : states)
    WEIR_RETURN_IF_ERROR(check_header_name(state.name, "state name"));

  const KeyGroupRange range = snapshot.range();
  offsets->assign(static_cast<size_t>(std::max(range.size(), 0)), 0);
  BinaryWriter buffer;
  put_keyed_header(buffer, snapshot.key_type(), states, compression);
  BinaryReader header(buffer.buffer());
  WEIR_RETURN_IF_ERROR(get_keyed_header(header).status().with_context(
      "the description of keyed state could not be read again"));

  GroupOutput output(buffer.buffer(), compression, sink);
  buffer.clear();
  Status taken;
  detail::KeyGroupWriting writing;
  writing.drain = [&](std::string_view bytes) {
    taken = output.add(bytes);
    return taken.ok();
  };
  for (int group = range.first; group <= range.last; ++group) {
    const int64_t begin = output.position();
    WEIR_RETURN_IF_ERROR(write(group, buffer, &writing));
    WEIR_RETURN_IF_ERROR(taken);
    WEIR_RETURN_IF_ERROR(output.add(buffer.buffer()));
    buffer.clear();
    output.end_group();
    if (output.position() != begin) (*offsets)[static_cast<size_t>(group - range.first)] = begin;
  }
  if (largest != nullptr && writing.largest.bytes > largest->bytes) {
    *largest = {states[static_cast<size_t>(writing.largest.state)].name, writing.largest.key_group,
                writing.largest.bytes, writing.largest.is_map};
  }
  if (output.has_header_only() && alone == HeaderAlone::kOmit) return {};
  return output.pass_on();
}

}  // namespace

Status write_keyed_state(const KeyedStateSnapshot& snapshot, const ByteSink& sink,
                         std::vector<int64_t>* offsets, LargestValue* largest,
                         StateCompression compression) {
  return write_groups(snapshot, compression, sink, HeaderAlone::kWrite, offsets, largest,
                      [&](int group, BinaryWriter& out, detail::KeyGroupWriting* writing) {
                        return snapshot.write_group(group, out, writing);
                      });
}

Status write_keyed_layer(const KeyedStateSnapshot& snapshot, const std::vector<bool>& groups,
                         bool changes, const ByteSink& sink, std::vector<int64_t>* offsets,
                         LargestValue* largest, StateCompression compression) {
  return write_groups(snapshot, compression, sink, HeaderAlone::kOmit, offsets, largest,
                      [&](int group, BinaryWriter& out, detail::KeyGroupWriting* writing) {
                        if (!groups[static_cast<size_t>(group - snapshot.range().first)])
                          return Status();
                        return changes ? snapshot.write_changes(group, out, writing)
                                       : snapshot.write_group(group, out, writing);
                      });
}

StatusOr<std::vector<KeyGroupBytes>> find_key_groups(const KeyedStateHandle& handle,
                                                     KeyGroupRange groups) {
  const int64_t length = stream_length(handle.stream);
  if (handle.range.size() < 0 ||
      handle.offsets.size() != static_cast<size_t>(handle.range.size())) {
    return data_loss(cat("keyed state of ", handle.range.size(), " key groups has ",
                         handle.offsets.size(), " offsets"));
  }
  std::vector<KeyGroupBytes> found;
  for (size_t i = 0; i < handle.offsets.size(); ++i) {
    const int64_t offset = handle.offsets[i];
    if (offset == (handle.hosted ? -1 : 0)) continue;
    const int64_t start = handle.hosted || offset > 0 ? offset
                          : offset > -length          ? -offset
                                                      : length;
    if (start < 0 || start >= length) {
      return data_loss(cat("key group ", handle.range.first + static_cast<int>(i),
                           " is said to start at ", offset, " of ", length, " bytes"));
    }
    found.push_back({handle.range.first + static_cast<int>(i), start, 0});
  }
  std::sort(found.begin(), found.end(),
            [](const KeyGroupBytes& a, const KeyGroupBytes& b) { return a.offset < b.offset; });
  for (size_t i = 0; i < found.size(); ++i) {
    found[i].length = (i + 1 < found.size() ? found[i + 1].offset : length) - found[i].offset;
    if (found[i].length == 0) {
      return data_loss(cat("key groups ", found[i].key_group, " and ", found[i + 1].key_group,
                           " are said to start at the same place"));
    }
  }
  std::erase_if(found, [&](const KeyGroupBytes& each) {
    const bool superseded =
        handle.offsets[static_cast<size_t>(each.key_group - handle.range.first)] < 0;
    return !groups.contains(each.key_group) ||
           (superseded && !bug_enabled(Bug::kSupersededStateRead));
  });
  return found;
}

StatusOr<KeyedStreamHeader> read_keyed_header(const KeyedStateHandle& handle, const ReadAt& read) {
  WEIR_ASSIGN_OR_RETURN(const auto groups, find_key_groups(handle, handle.range));
  int64_t length = groups.empty() ? stream_length(handle.stream) : groups.front().offset;
  for (const int64_t offset : handle.offsets) {  // those of superseded groups, too
    if (offset != (handle.hosted ? -1 : 0)) length = std::min(length, std::abs(offset));
  }
  std::string memory;
  WEIR_ASSIGN_OR_RETURN(const std::string_view bytes, read(0, length, &memory));
  BinaryReader in(bytes);
  return get_keyed_header(in);
}

Status restore_keyed_state(const KeyedStateHandle& handle, KeyGroupRange groups, const ReadAt& read,
                           const KeyedStreamHeader* known, bool ignore_unclaimed, KeyedState& state,
                           Scheduler* ahead) {
  WEIR_CHECK(handle.layers.empty());
  if (handle.hosted)
    return restore_hosted_state(handle, groups, read, known, ignore_unclaimed, state, ahead);
  WEIR_ASSIGN_OR_RETURN(const KeyedStreamHeader stored, read_keyed_header(handle, read));
  KeyedStreamHeader header = stored;
  if (known != nullptr) { WEIR_ASSIGN_OR_RETURN(header, in_order_of(stored, *known)); }
  WEIR_RETURN_IF_ERROR(state.begin_restore(&header.key_type, header.states, ignore_unclaimed));
  WEIR_ASSIGN_OR_RETURN(const auto found, find_key_groups(handle, groups));
  const bool is_heap = handle.heap_max_parallelism != 0;
  std::string plain;
  return read_groups(found, read, ahead, [&](int key_group, std::string_view bytes) -> Status {
    if (stored.compression == StateCompression::kSnappy) {
      WEIR_RETURN_IF_ERROR(
          decompress_group(bytes, is_heap, &plain).with_context(cat("key group ", key_group)));
      bytes = plain;
    }
    if (!is_heap) return restore_group(key_group, bytes, state, handle.changes);
    BinaryWriter canonical;
    WEIR_RETURN_IF_ERROR(
        heap_group_to_canonical(stored, key_group, handle.heap_max_parallelism, bytes, canonical));
    return restore_group(key_group, canonical.buffer(), state);
  });
}

}  // namespace weir
