#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/detail/canonical.h"
#include "weir/detail/copy_reserve.h"
#include "weir/detail/keyed_state.h"
#include "weir/detail/operator.h"
#include "weir/detail/snapshot_tracker.h"

namespace weir::detail {

/// One state as it was at a snapshot. Thread: the reader's.
class StateView {
 public:
  virtual ~StateView() = default;
  /// Appends the entries of a key group; the state's id is set.
  virtual void write_group(int key_group, CanonicalGroupWriter& out) const = 0;
};

/// One named state (or set of timers) of an operator. Thread: the operator's.
class NamedState {
 public:
  virtual ~NamedState() = default;
  virtual KeyedStateInfo info() const = 0;
  virtual std::unique_ptr<StateView> freeze() = 0;
  /// Around the entries of one key group of a snapshot.
  virtual void begin_group() {}
  virtual void end_group() {}
  /// Takes one entry of a snapshot: `key` is the key and what follows it, both readers are checked by the caller. False if the
  /// key does not belong to this key group.
  virtual bool read_entry(int key_group, BinaryReader& key, BinaryReader& value) = 0;
  /// Starts loading what an access to each of these places will touch.
  virtual void prefetch(const uint64_t* places, size_t count) = 0;
  /// Where its pages lie; null if it has none.
  virtual std::shared_ptr<PageArena> arena() const { return nullptr; }
  virtual bool has_garbage() const = 0;
  /// Gives back up to `limit` pages.
  virtual void collect_garbage(int64_t oldest_epoch, size_t limit) = 0;
};

/// The states of one operator in one subtask: what does not depend on the type of the key. Thread: the operator's.
class KeyedStates : public KeyedState {
 public:
  /// `label` names the operator in messages.
  KeyedStates(std::string label, TypeDescription key_type, PlaceSpace places);
  ~KeyedStates() override;

  std::unique_ptr<KeyedStateSnapshot> snapshot() override;
  Status begin_restore(const TypeDescription* key_type, const std::vector<KeyedStateInfo>& states,
                       bool ignore_unclaimed) override;
  Status read_group(int key_group, BinaryReader& in) override;

  SnapshotTracker& tracker() { return tracker_; }
  const PlaceSpace& places() const { return tracker_.places(); }

  /// Null if there is none.
  NamedState* find(const std::string& name) const;
  /// Before begin_restore() and the first snapshot. The name must be new.
  void add(std::unique_ptr<NamedState> state);

  void prefetch(const uint64_t* places, size_t count) {
    for (const auto& state : states_) state->prefetch(places, count);
  }
  /// A bounded amount of it; call it for every batch of records.
  void collect_garbage(size_t records = 0) {
    bool garbage = false;
    for (const auto& state : states_) {
      if (!state->has_garbage()) continue;
      state->collect_garbage(tracker_.oldest_epoch_in_use(), kPagesPerCollection);
      garbage = true;
    }
    reserve_.after_batch(records, garbage, tracker_);
  }
  /// As the context's configuration says; `context` outlives this.
  void keep_ready_for_copies(OperatorContext& context);

 protected:
  /// What is remembered of the current key is no longer valid.
  virtual void forget_current_key() = 0;

 private:
  static constexpr size_t kPagesPerCollection = 8;

  const std::string label_;
  const TypeDescription key_type_;
  SnapshotTracker tracker_;
  CopyReserve reserve_;
  std::vector<std::unique_ptr<NamedState>> states_;
  bool ignore_unclaimed_ = false;
  std::vector<NamedState*> restoring_;  ///< by their ids in the snapshot being restored; null: dropped
};

}  // namespace weir::detail
