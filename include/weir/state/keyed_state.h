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

/// One keyed state (or set of timers) as a snapshot names it. The enumerators' numbers are Flink's.
struct KeyedStateInfo {
  enum class Kind { kValue, kList, kMap, kReducing, kAggregating, kTimers } kind = Kind::kValue;
  std::string name;
  TypeDescription name_space;  ///< kVoid or kTimeWindow
  TypeDescription value;  ///< kList: of an element; kMap: kMap of key and value; kTimers: kVoid
  bool operator==(const KeyedStateInfo&) const = default;
};

/// The keyed state of one subtask as it was at the moment of the snapshot. Immutable; read by one
/// thread of the I/O pool while the subtask goes on. Destroying it gives the memory back.
class KeyedStateSnapshot {
 public:
  virtual ~KeyedStateSnapshot() = default;
  virtual TypeDescription key_type() const = 0;
  virtual std::vector<KeyedStateInfo> states()
      const = 0;  ///< a state's index here is its id in write_group
  virtual KeyGroupRange range() const = 0;
  /// Appends the entries of one key group in Flink's canonical layout
  /// (docs/formats/keyed_state.md): nothing if there are none. Each group at most once: its memory
  /// goes back to the operator. INVALID_ARGUMENT: a key or value is too long for the layout; the
  /// sentence names state, key group and size. What `writing` does not want is left out; it may be
  /// null.
  virtual Status write_group(int key_group, BinaryWriter& out,
                             detail::KeyGroupWriting* writing = nullptr) const = 0;
};

/// All keyed state of one operator in one subtask. Thread: the operator's.
class KeyedState {
 public:
  virtual ~KeyedState() = default;
  /// Marks an epoch: bounded by the number of pages, not of entries.
  virtual std::unique_ptr<KeyedStateSnapshot> snapshot() = 0;
  /// Tells what the stream to be read was made of; before its first read_group. Several streams may
  /// be read one after another (one per old subtask), and the states of each may have other ids.
  /// FAILED_PRECONDITION names the state, the old and the new type if they do not fit.
  /// `ignore_unclaimed`: states that the operator does not declare are dropped instead of refused.
  virtual Status begin_restore(const TypeDescription* key_type,
                               const std::vector<KeyedStateInfo>& states,
                               bool ignore_unclaimed) = 0;
  /// Reads the entries of one key group, in the canonical layout. Groups outside the operator's
  /// range are an error.
  virtual Status read_group(int key_group, BinaryReader& in) = 0;
  /// A checkpoint was completed or aborted: gives back what only its snapshot needed, also if no
  /// record comes. A bounded amount now, the rest by and by.
  virtual void snapshot_ended() {}
};

}  // namespace weir
