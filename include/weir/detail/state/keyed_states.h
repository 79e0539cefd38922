#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/detail/state/copy_reserve.h"
#include "weir/detail/state/snapshot_tracker.h"
#include "weir/detail/state/ttl.h"
#include "weir/detail/types/canonical.h"
#include "weir/operator/operator.h"
#include "weir/state/keyed_state.h"

namespace weir {
struct ClaimedState;
}

namespace weir::detail {

/// One state at the moment of a snapshot. Thread: the reader's.
class StateView {
 public:
  virtual ~StateView() = default;
  /// Appends the entries of a key group. The caller has set the state's id.
  virtual void write_group(int key_group, CanonicalGroupWriter& out) const = 0;

  // Changes since an epoch (table_page.h), the same in all calls.

  /// If false, the following must not be called.
  virtual bool knows_changes(uint32_t since) const {
    (void)since;
    return false;
  }
  struct Changes {
    bool removed = false;
    bool written = false;
  };
  /// Says whether the functions below write anything, with one exception: written values may all
  /// have expired.
  virtual Changes changes(int key_group, uint32_t since) const {
    (void)key_group, (void)since;
    return {};
  }
  /// Appends the keys to remove before the written entries are read: without values, and without
  /// the keys of maps.
  virtual void write_removed(int key_group, uint32_t since, CanonicalGroupWriter& out) const {
    (void)key_group, (void)since, (void)out;
  }
  /// Appends the current entries of all keys that were written.
  virtual void write_written(int key_group, uint32_t since, CanonicalGroupWriter& out) const {
    (void)key_group, (void)since, (void)out;
  }
};

/// One named state (or set of timers) of an operator. Thread: the operator's.
class NamedState {
 public:
  virtual ~NamedState() = default;
  virtual KeyedStateInfo info() const = 0;
  virtual std::unique_ptr<StateView> freeze() = 0;
  /// Called before the entries of a stream are restored.
  virtual void begin_stream(const StoredElements& stored) { (void)stored; }
  /// Called before and after the entries of one key group are restored.
  virtual void begin_group() {}
  virtual void end_group() {}
  /// Restores one entry. `key` holds the key and the rest of the composite key. The caller checks
  /// both readers. Returns false if the key does not belong to this key group.
  virtual bool read_entry(int key_group, BinaryReader& key, BinaryReader& value) = 0;
  /// Reads a key that StateView::write_removed has written. Otherwise like read_entry().
  virtual bool read_removed(int key_group, BinaryReader& key) {
    (void)key_group;
    key.fail("this state does not know what has changed");
    return true;
  }
  /// Prefetches the memory that an access to each of these places will touch.
  virtual void prefetch(const uint64_t* places, size_t count) = 0;
};

/// The states of one operator in one subtask, without the parts that depend on the type of the key.
/// Thread: the operator's.
class KeyedStates : public KeyedState {
 public:
  /// `label` names the operator in messages.
  KeyedStates(std::string label, TypeDescription key_type, PlaceSpace places);
  ~KeyedStates() override;

  std::unique_ptr<KeyedStateSnapshot> snapshot() override;
  Status begin_restore(const TypeDescription* key_type, const std::vector<KeyedStateInfo>& states,
                       bool ignore_unclaimed) override;
  Status read_group(int key_group, BinaryReader& in) override;
  Status read_changes(int key_group, BinaryReader& in) override;
  void snapshot_ended() override;
  void set_base(int64_t epoch) override { tracker_.set_base(static_cast<uint32_t>(epoch)); }

  SnapshotTracker& tracker() { return tracker_; }
  StateMemory memory() const { return tracker_.memory_in_use(); }
  const PlaceSpace& places() const { return tracker_.places(); }

  /// Returns null if there is no such state.
  NamedState* find(const std::string& name) const;
  /// Call before begin_restore() and the first snapshot. The name must be new.
  void add(std::unique_ptr<NamedState> state);

  template <class F>
  void for_each_state(F&& f) {
    for (const auto& state : states_) f(*state);
  }

  void prefetch(const uint64_t* places, size_t count) {
    for (const auto& state : states_) state->prefetch(places, count);
  }
  /// The part of `state` that removes expired values. Call after add().
  void add_cleanup(TtlCleanup& state) { cleanups_.push_back(&state); }
  /// Call once for each counter of changes of a current key, which outlives this.
  void add_current_key(uint64_t& changes) { key_changes_.push_back(&changes); }
  /// Only for states that were attached.
  OperatorContext& context() const;

  /// Frees a bounded amount of garbage. Call it for every batch of records, between calls of user
  /// functions. More is freed when pages are replaced (TablePages) and when a snapshot has ended.
  void collect_garbage(size_t records = 0) {
    if (!cleanups_.empty()) [[unlikely]]
      remove_expired(records);
    tracker_.reclaim(kWordsPerBatch);
    reserve_.after_batch(records, tracker_);
  }
  /// Keeps memory ready for copies, as the context's configuration says, and collects garbage
  /// between calls. `context` outlives this.
  void attach(OperatorContext& context);

 private:
  static constexpr size_t kWordsPerBatch = 8;
  static constexpr size_t kWordsPerStep = 1024;

  /// Clears cached entries of the current key.
  void forget_current_key() {
    for (uint64_t* changes : key_changes_) ++*changes;
  }
  void remove_expired(size_t records);
  /// A state of the snapshot that is being restored.
  struct Restoring {
    NamedState* state = nullptr;  ///< null: it is dropped
    std::shared_ptr<const ClaimedState> claim;
  };
  StatusOr<const Restoring*> restoring(int key_group, int id) const;
  Status read_entry(int key_group, const Restoring& restoring, std::string_view key_bytes,
                    std::string_view value_bytes, BinaryWriter& converted) const;
  std::string where(int key_group) const;
  Status check_own(int key_group) const;
  /// `in_group`: the result of the state's read.
  Status check_read(int key_group, const NamedState& state, BinaryReader& key, BinaryReader& value,
                    bool in_group) const;

  const std::string label_;
  const TypeDescription key_type_;
  SnapshotTracker tracker_;
  CopyReserve reserve_;
  OperatorContext* context_ = nullptr;  ///< null: no work between calls
  bool collecting_ = false;             ///< a continuation is scheduled
  std::vector<std::unique_ptr<NamedState>> states_;
  std::vector<uint64_t*> key_changes_;
  std::vector<TtlCleanup*> cleanups_;
  bool ignore_unclaimed_ = false;
  std::vector<Restoring> restoring_;  ///< by their ids in the snapshot
};

}  // namespace weir::detail
