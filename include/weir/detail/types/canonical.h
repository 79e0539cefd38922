#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "weir/types/bytes.h"

namespace weir::detail {

/// One key or value of a key group.
struct EntryPart {
  int state = -1;
  int key_group = -1;
  size_t bytes = 0;
};

/// How the key groups of a snapshot are taken while they are written, and what was noticed.
struct KeyGroupWriting {
  static constexpr size_t kDrainBytes = 64 * 1024;

  /// Gets bytes that are final and leave the buffer, when there are kDrainBytes of them. False: no
  /// more is wanted, the group stays unfinished. Without it a group stays in the buffer.
  std::function<bool(std::string_view bytes)> drain;
  size_t max_part_bytes = kMaxCount;  ///< of a key or a value: the format has no room for more
  EntryPart largest;                  ///< value so far
};

/// Writes the entries of one key group in Flink's canonical layout (docs/formats/keyed_state.md).
/// States in any order, but each once; a state without entries leaves no trace, and neither does a
/// group without any.
///
///   CanonicalGroupWriter group(out, key_group, max_parallelism > 128, &writing);
///   group.begin_state(0);
///   for each entry, while group.goes_on(): write key, namespace [and user key] to
///   group.begin_key(), the value to group.begin_value(), group.end_entry() group.end_group();
class CanonicalGroupWriter {
 public:
  /// `out` outlives the writer and may hold other groups before this one. `writing` may be null.
  CanonicalGroupWriter(BinaryWriter& out, int key_group, bool two_byte_prefix,
                       KeyGroupWriting* writing = nullptr)
      : out_(out), key_group_(key_group), two_byte_prefix_(two_byte_prefix), writing_(writing) {
    if (writing_ != nullptr) max_part_bytes_ = writing_->max_part_bytes;
  }

  /// False: nothing that is written from here on is of use.
  bool goes_on() const { return !stopped_; }
  /// The key or value that did not fit; `bytes` is 0 if all did.
  const EntryPart& too_long() const { return too_long_; }
  /// Whether the value that is being written fits so far: for values that are written piece by
  /// piece.
  bool fits() const { return out_.size() - length_at_ - sizeof(int32_t) <= max_part_bytes_; }

  void begin_state(int id) { state_ = id; }
  /// Where the composite key goes; the key group is already there.
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
  void end_entry() {
    const size_t bytes = close_length();
    if (writing_ != nullptr && bytes > writing_->largest.bytes)
      writing_->largest = {state_, key_group_, bytes};
  }
  void end_group();

 private:
  void change_state();
  void mark_last_key();
  void drain();
  size_t close_length() {
    const size_t bytes = out_.size() - length_at_ - sizeof(int32_t);
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
  int written_state_ = -1;  ///< the state of the entries just written, or -1
  size_t length_at_ = 0;
  size_t last_key_at_ = 0;
};

/// One entry of a key group: bytes that live as long as what the reader was given.
struct CanonicalEntry {
  int state = 0;
  std::string_view key;  ///< key, namespace [and user key], without the key group
  std::string_view value;
};

/// Reads what CanonicalGroupWriter wrote. Stops at the end of the group, so that another may follow
/// in the same bytes.
class CanonicalGroupReader {
 public:
  /// `in` outlives the reader and stands at the start of the group's bytes.
  CanonicalGroupReader(BinaryReader& in, int key_group, bool two_byte_prefix);

  /// The next entry, or false at the end. Malformed bytes make `in` fail, and then it is false too.
  bool next(CanonicalEntry* entry);

 private:
  BinaryReader& in_;
  const int key_group_;
  const bool two_byte_prefix_;
  int state_ = -1;
  bool at_end_ = false;
};

}  // namespace weir::detail
