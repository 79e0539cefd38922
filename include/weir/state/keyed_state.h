#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "weir/detail/types/canonical.h"
#include "weir/operator/key_groups.h"
#include "weir/status.h"
#include "weir/types/bytes.h"
#include "weir/types/type_description.h"

namespace weir {

/// Describes one keyed state (or set of timers) in a snapshot. The enumerators have Flink's
/// numbers.
struct KeyedStateInfo {
  enum class Kind { kValue, kList, kMap, kReducing, kAggregating, kTimers } kind = Kind::kValue;
  std::string name;
  TypeDescription name_space;  ///< kVoid or kTimeWindow
  TypeDescription value;       ///< kList: an element; kMap: kMap of key and value; kTimers: kVoid
  bool operator==(const KeyedStateInfo&) const = default;
};

/// The keyed state of one subtask at the moment of a snapshot. Immutable. One thread of the I/O
/// pool reads it while the subtask continues. Its destructor frees the memory.
class KeyedStateSnapshot {
 public:
  virtual ~KeyedStateSnapshot() = default;
  virtual TypeDescription key_type() const = 0;
  virtual std::vector<KeyedStateInfo> states()
      const = 0;  ///< the index of a state is its id in write_group
  virtual KeyGroupRange range() const = 0;
  /// Appends the entries of one key group in Flink's canonical layout
  /// (docs/formats/keyed_state.md), or nothing if there are none. Call it at most once for each
  /// group, because the group's memory returns to the operator, unless `writing` has `again`.
  /// INVALID_ARGUMENT: a key or value is
  /// too long for the layout; the message names state, key group and size. `writing` may be null;
  /// it can stop the output.
  virtual Status write_group(int key_group, BinaryWriter& out,
                             detail::KeyGroupWriting* writing = nullptr) const = 0;
  /// The number of this snapshot among those of its state, from 1; 0: they are not numbered.
  virtual int64_t epoch() const { return 0; }
  /// The snapshot that write_changes() compares with, by its number; 0: it cannot compare.
  virtual int64_t base() const { return 0; }
  /// Appends what has changed in one key group since base(), or nothing if nothing has
  /// (docs/formats/keyed_state.md, Changes). Otherwise like write_group, which may be called for
  /// other groups.
  virtual Status write_changes(int key_group, BinaryWriter& out,
                               detail::KeyGroupWriting* writing = nullptr) const {
    (void)key_group, (void)out, (void)writing;
    return internal_error("this state does not know what has changed");
  }
  /// Returns the memory of a group that was written with `again`.
  virtual void done_with(int key_group) const { (void)key_group; }
};

/// All keyed state of one operator in one subtask. Thread: the operator's.
class KeyedState {
 public:
  virtual ~KeyedState() = default;
  /// Starts a snapshot. Takes time in proportion to the number of pages, not of entries.
  virtual std::unique_ptr<KeyedStateSnapshot> snapshot() = 0;
  /// Describes the stream that the next read_group calls read. Several streams may be read one
  /// after another (one for each old subtask), each with its own state ids. FAILED_PRECONDITION
  /// names the state, the old and the new type if they are incompatible. `ignore_unclaimed`: drops
  /// states that the operator does not declare, instead of refusing them.
  virtual Status begin_restore(const TypeDescription* key_type,
                               const std::vector<KeyedStateInfo>& states,
                               bool ignore_unclaimed) = 0;
  /// Reads the entries of one key group in the canonical layout. A group outside the operator's
  /// range is an error.
  virtual Status read_group(int key_group, BinaryReader& in) = 0;
  /// Applies what write_changes() has written to the key group as it was in that snapshot's base.
  virtual Status read_changes(int key_group, BinaryReader& in) {
    (void)key_group, (void)in;
    return internal_error("this state cannot be restored from changes");
  }
  /// The snapshot with this number is durable, and every later one may be written as changes since.
  virtual void set_base(int64_t epoch) { (void)epoch; }
  /// Called when a checkpoint was completed or aborted. Frees memory that only its snapshot needed,
  /// even if no records arrive: a bounded amount now, the rest later.
  virtual void snapshot_ended() {}
};

}  // namespace weir
