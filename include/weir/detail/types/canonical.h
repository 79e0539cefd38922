#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "weir/types/bytes.h"

namespace weir::detail {

/// One key or value of a key group, or the map of one key.
struct EntryPart {
  int state = -1;
  int key_group = -1;
  size_t bytes = 0;
  bool is_map = false;
};

/// Options and results of writing the key groups of a snapshot.
struct KeyGroupWriting {
  static constexpr size_t kDrainBytes = 64 * 1024;

  /// Receives final bytes, at least kDrainBytes at a time, which then leave the buffer. Returns
  /// false to stop; the group then stays unfinished. If null, the whole group stays in the buffer.
  std::function<bool(std::string_view bytes)> drain;
  bool again = false;  ///< the group will be written again, or KeyedStateSnapshot::done_with called
  size_t max_part_bytes = kMaxCount;  ///< maximum of a key or value in the format
  EntryPart largest;                  ///< the largest value or map so far
};

/// Writes the entries of one key group in Flink's canonical layout (docs/formats/keyed_state.md).
/// States may come in any order, but each once. Nothing is written for a state or a group without
/// entries.
///
///   CanonicalGroupWriter group(out, key_group, max_parallelism > 128, &writing);
///   group.begin_state(0);
///   for each entry, while group.accepts_more():
///     write key, namespace [and user key] to group.begin_key()
///     write the value to group.begin_value()
///     group.end_entry()
///   group.end_group();
class CanonicalGroupWriter {
 public:
  /// `out` outlives the writer and may hold other groups before this one. `writing` may be null.
  CanonicalGroupWriter(BinaryWriter& out, int key_group, bool two_byte_prefix,
                       KeyGroupWriting* writing = nullptr)
      : out_(out), key_group_(key_group), two_byte_prefix_(two_byte_prefix), writing_(writing) {
    if (writing_ != nullptr) max_part_bytes_ = writing_->max_part_bytes;
  }

  /// False if further output would be discarded.
  bool accepts_more() const { return !stopped_; }
  /// The key or value that was too long; `bytes` is 0 if all fit.
  const EntryPart& too_long() const { return too_long_; }
  /// Whether the part of the current value that is written so far fits. For values written in
  /// pieces.
  bool fits() const { return out_.size() - length_at_ - sizeof(int32_t) <= max_part_bytes_; }

  void begin_state(int id) { state_ = id; }
  /// Returns the writer for the composite key, after the key group.
  BinaryWriter& begin_key() {
    if (state_ != written_state_) change_state();
    if (out_.size() >= KeyGroupWriting::kDrainBytes && writing_ != nullptr && writing_->drain)
      drain();
    length_at_ = out_.size();
    out_.put_i32(0);
    last_key_at_ = out_.size();
    if (two_byte_prefix_) {
      out_.put_u16(static_cast<uint16_t>(key_group_));
    } else {
      out_.put_u8(static_cast<uint8_t>(key_group_));
    }
    return out_;
  }
  BinaryWriter& begin_value() {
    close_length();
    length_at_ = out_.size();
    out_.put_i32(0);
    return out_;
  }
  void end_entry() { note({state_, key_group_, close_length()}); }
  /// Around the entries of one key that are a map in memory.
  void begin_map() { map_bytes_ = 0; }
  void end_map() { note({state_, key_group_, map_bytes_, true}); }
  void end_group();

 private:
  void change_state();
  void mark_last_key();
  void drain();
  void note(const EntryPart& part) {
    if (writing_ != nullptr && part.bytes > writing_->largest.bytes) writing_->largest = part;
  }
  size_t close_length() {
    const size_t bytes = out_.size() - length_at_ - sizeof(int32_t);
    map_bytes_ += bytes;
    if (bytes > max_part_bytes_) [[unlikely]] {
      stopped_ = true;
      too_long_ = {state_, key_group_, bytes};
    } else {
      out_.overwrite_i32(length_at_, static_cast<int32_t>(bytes));
    }
    return bytes;
  }

  BinaryWriter& out_;
  const int key_group_;
  const bool two_byte_prefix_;
  KeyGroupWriting* const writing_;
  size_t max_part_bytes_ = kMaxCount;
  bool stopped_ = false;
  EntryPart too_long_;
  int state_ = -1;
  int written_state_ = -1;  ///< the state of the last written entries, or -1
  size_t length_at_ = 0;
  size_t last_key_at_ = 0;
  size_t map_bytes_ = 0;  ///< of the entries since begin_map()
};

/// One entry of a key group. The bytes live as long as the reader's input.
struct CanonicalEntry {
  int state = 0;
  std::string_view key;  ///< key, namespace [and user key]; without the key group
  std::string_view value;
};

/// Reads the output of CanonicalGroupWriter. Stops at the end of the group, so that another group
/// may follow in the same bytes.
class CanonicalGroupReader {
 public:
  /// `in` outlives the reader and is at the start of the group's bytes.
  CanonicalGroupReader(BinaryReader& in, int key_group, bool two_byte_prefix);

  /// Reads the next entry. Returns false at the end, or if the bytes are malformed; then `in` has
  /// failed.
  bool next(CanonicalEntry* entry);

 private:
  BinaryReader& in_;
  const int key_group_;
  const bool two_byte_prefix_;
  int state_ = -1;
  bool at_end_ = false;
};

}  // namespace weir::detail
