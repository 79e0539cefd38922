#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weir/bytes.h"

namespace weir::detail {

/// Writes the entries of one key group in Flink's canonical layout (docs/formats/keyed_state.md). States in any order, but each once;
/// a state without entries leaves no trace, and neither does a group without any.
///
///   CanonicalGroupWriter group(out, key_group, max_parallelism > 128);
///   group.begin_state(0);
///   for each entry: write key, namespace [and user key] to group.begin_key(), the value to group.begin_value(), group.end_entry()
///   group.end_group();
class CanonicalGroupWriter {
 public:
  /// `out` outlives the writer and may hold other groups before this one.
  CanonicalGroupWriter(BinaryWriter& out, int key_group, bool two_byte_prefix)
      : out_(out), key_group_(key_group), two_byte_prefix_(two_byte_prefix) {}

  void begin_state(int id) { state_ = id; }
  /// Where the composite key goes; the key group is already there.
  BinaryWriter& begin_key() {
    if (state_ != written_state_) change_state();
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
  void end_entry() { close_length(); }
  void end_group();

 private:
  void change_state();
  void mark_last_key();
  void close_length() { out_.overwrite_i32(length_at_, static_cast<int32_t>(out_.size() - length_at_ - 4)); }

  BinaryWriter& out_;
  const int key_group_;
  const bool two_byte_prefix_;
  int state_ = -1;
  int written_state_ = -1;  ///< the state of the entries just written, or -1
  size_t length_at_ = 0;
  size_t last_key_at_ = 0;
};

/// One entry of a key group: bytes that live as long as what the reader was given.
struct CanonicalEntry {
  int state = 0;
  std::string_view key;    ///< key, namespace [and user key], without the key group
  std::string_view value;
};

/// Reads what CanonicalGroupWriter wrote. Stops at the end of the group, so that another may follow in the same bytes.
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
