#include "weir/detail/state/keyed_states.h"

#include <algorithm>
#include <stdexcept>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "state/restore_check.h"
#include "weir/detail/base/check.h"

namespace weir::detail {
namespace {

// The parts of the changes of a key group.
constexpr uint8_t kRemovedPart = 1;
constexpr uint8_t kWrittenPart = 2;

class KeyedStatesSnapshot final : public KeyedStateSnapshot {
 public:
  KeyedStatesSnapshot(TypeDescription key_type, PlaceSpace places,
                      std::shared_ptr<SnapshotProgress> progress, uint32_t base)
      : key_type_(std::move(key_type)),
        places_(places),
        progress_(std::move(progress)),
        base_(base) {}
  ~KeyedStatesSnapshot() override {
    views_.clear();
    progress_->release_all();  // only now, because it lets the operator reuse the pages
  }

  void add(KeyedStateInfo info, std::unique_ptr<StateView> view) {
    infos_.push_back(std::move(info));
    views_.push_back(std::move(view));
  }

  TypeDescription key_type() const override { return key_type_; }
  std::vector<KeyedStateInfo> states() const override { return infos_; }
  KeyGroupRange range() const override { return places_.range(); }
  Status write_group(int key_group, BinaryWriter& out, KeyGroupWriting* writing) const override {
    check_unreleased(key_group);
    WEIR_RETURN_IF_ERROR(write_part(
        key_group, out, writing,
        [&](const StateView& view, auto& group) { view.write_group(key_group, group); }));
    if (writing == nullptr || !writing->again) progress_->release(key_group);
    return {};
  }
  void done_with(int key_group) const override { progress_->release(key_group); }

  int64_t epoch() const override { return progress_->epoch(); }
  int64_t base() const override {
    // The age of a slot (table_page.h) does not reach farther back.
    constexpr int64_t kMaxEpochs = 250;
    if (base_ == 0 || progress_->epoch() - base_ > kMaxEpochs) return 0;
    const bool known = std::all_of(views_.begin(), views_.end(),
                                   [&](const auto& view) { return view->knows_changes(base_); });
    return known ? base_ : 0;
  }
  Status write_changes(int key_group, BinaryWriter& out, KeyGroupWriting* writing) const override {
    WEIR_CHECK(base_ != 0);
    check_unreleased(key_group);
    StateView::Changes any;
    for (const auto& view : views_) {
      const StateView::Changes its = view->changes(key_group, base_);
      any.removed |= its.removed;
      any.written |= its.written;
    }
    if (any.removed) {
      out.put_u8(kRemovedPart);
      WEIR_RETURN_IF_ERROR(
          write_part(key_group, out, writing, [&](const StateView& view, auto& group) {
            view.write_removed(key_group, base_, group);
          }));
    }
    if (any.written) {
      out.put_u8(kWrittenPart);
      WEIR_RETURN_IF_ERROR(
          write_part(key_group, out, writing, [&](const StateView& view, auto& group) {
            view.write_written(key_group, base_, group);
          }));
    }
    if (writing == nullptr || !writing->again) progress_->release(key_group);
    return {};
  }

 private:
  void check_unreleased(int key_group) const {
    WEIR_CHECK(places_.range().contains(key_group));
    WEIR_CHECK(!progress_->released(key_group));  // otherwise it may have been overwritten
  }
  /// Calls write(view, group) for each state.
  template <class Write>
  Status write_part(int key_group, BinaryWriter& out, KeyGroupWriting* writing,
                    const Write& write) const {
    CanonicalGroupWriter group(out, key_group, places_.max_parallelism() > 128, writing);
    for (size_t id = 0; id < views_.size() && group.accepts_more(); ++id) {
      group.begin_state(static_cast<int>(id));
      try {
        write(*views_[id], group);
      } catch (const std::length_error& error) {
        return invalid_argument(cat("state '", infos_[id].name, "' cannot be written, key group ",
                                    key_group, ": ", error.what()));
      }
    }
    if (const EntryPart& part = group.too_long(); part.bytes > 0) {
      return invalid_argument(cat(
          "state '", infos_[static_cast<size_t>(part.state)].name, "' holds at least ", part.bytes,
          " bytes for one key in key group ", part.key_group, "; at most ",
          writing == nullptr ? kMaxCount : writing->max_part_bytes,
          " fit into a checkpoint: spread them over more keys, or over the keys of a map state"));
    }
    group.end_group();
    return {};
  }

  const TypeDescription key_type_;
  const PlaceSpace places_;
  const std::shared_ptr<SnapshotProgress> progress_;
  const uint32_t base_;
  std::vector<KeyedStateInfo> infos_;
  std::vector<std::unique_ptr<StateView>> views_;
};

}  // namespace

KeyedStates::KeyedStates(std::string label, TypeDescription key_type, PlaceSpace places)
    : label_(std::move(label)), key_type_(std::move(key_type)), tracker_(places) {}

KeyedStates::~KeyedStates() = default;

std::unique_ptr<KeyedStateSnapshot> KeyedStates::snapshot() {
  forget_current_key();
  auto snapshot = std::make_unique<KeyedStatesSnapshot>(key_type_, places(),
                                                        tracker_.begin_snapshot(), tracker_.base());
  for (const auto& state : states_) snapshot->add(state->info(), state->freeze());
  return snapshot;
}

Status KeyedStates::begin_restore(const TypeDescription* key_type,
                                  const std::vector<KeyedStateInfo>& states,
                                  bool ignore_unclaimed) {
  std::vector<KeyedStateInfo> declared;
  for (const auto& state : states_) declared.push_back(state->info());
  auto claimed = match_states(label_, key_type_, declared, key_type, states, ignore_unclaimed);
  if (!claimed.ok()) return claimed.status();
  ignore_unclaimed_ = ignore_unclaimed;
  const bool logs = places().range().first == 0 && restoring_.empty();
  restoring_.clear();
  const int64_t now = context_ != nullptr ? context_->processing_time_ms() : 0;
  for (ClaimedState& each : *claimed) {
    NamedState* state = each.index < 0 ? nullptr : states_[static_cast<size_t>(each.index)].get();
    if (state != nullptr) state->begin_stream({each.with_ttl, now});
    for (const std::string& change : each.changes) {
      if (!logs) break;
      WEIR_LOG(kInfo) << "operator '" << label_ << "', state '" << state->info().name
                      << "' is restored from an older type: " << change;
    }
    restoring_.push_back({state, std::make_shared<ClaimedState>(std::move(each))});
  }
  return {};
}

std::string KeyedStates::where(int key_group) const {
  return cat("the keyed state of operator '", label_, "', key group ", key_group);
}

StatusOr<const KeyedStates::Restoring*> KeyedStates::restoring(int key_group, int id) const {
  if (id < 0 || id >= static_cast<int>(restoring_.size())) {
    return data_loss(
        cat(where(key_group), " has an entry of state number ", id, " of ", restoring_.size()));
  }
  const Restoring& found = restoring_[static_cast<size_t>(id)];
  if (found.state != nullptr || ignore_unclaimed_) return &found;
  return failed_precondition(cat(where(key_group),
                                 " has timers that the operator does not have; allow state that "
                                 "nobody claims to be dropped"));
}

Status KeyedStates::check_read(int key_group, const NamedState& state, BinaryReader& key,
                               BinaryReader& value, bool in_group) const {
  key.expect_end();
  value.expect_end();
  if (!key.ok())
    return key.status(cat(where(key_group), ", a key of state '", state.info().name, "'"));
  if (!value.ok())
    return value.status(cat(where(key_group), ", a value of state '", state.info().name, "'"));
  if (in_group) return {};
  return data_loss(cat(where(key_group), " holds a key of state '", state.info().name,
                       "' that belongs to another group; the key's hash is not what it was when "
                       "the state was written"));
}

Status KeyedStates::check_own(int key_group) const {
  if (places().range().contains(key_group)) return {};
  return internal_error(cat(where(key_group), " was offered to the subtask that owns ",
                            places().range().first, " to ", places().range().last));
}

Status KeyedStates::read_entry(int key_group, const Restoring& restoring,
                               std::string_view key_bytes, std::string_view value_bytes,
                               BinaryWriter& converted) const {
  NamedState& state = *restoring.state;
  if (restoring.claim->conversion != nullptr) {
    converted.clear();
    BinaryReader stored(value_bytes);
    convert_entry(*restoring.claim, stored, converted);
    stored.expect_end();
    if (!stored.ok())
      return stored.status(cat(where(key_group), ", a value of state '", state.info().name, "'"));
    value_bytes = converted.buffer();
  }
  BinaryReader key(key_bytes);
  BinaryReader value(value_bytes);
  const bool in_group = state.read_entry(key_group, key, value);
  return check_read(key_group, state, key, value, in_group);
}

Status KeyedStates::read_group(int key_group, BinaryReader& in) {
  WEIR_RETURN_IF_ERROR(check_own(key_group));
  for (const auto& state : states_) state->begin_group();
  CanonicalGroupReader group(in, key_group, places().max_parallelism() > 128);
  CanonicalEntry entry;
  BinaryWriter converted;
  while (group.next(&entry)) {
    WEIR_ASSIGN_OR_RETURN(const Restoring* found, restoring(key_group, entry.state));
    if (found->state == nullptr) continue;
    if (bug_enabled(Bug::kTimersNotRestored) &&
        found->state->info().kind == KeyedStateInfo::Kind::kTimers)
      continue;
    WEIR_RETURN_IF_ERROR(read_entry(key_group, *found, entry.key, entry.value, converted));
  }
  for (const auto& state : states_) state->end_group();
  return in.ok() ? Status() : in.status(where(key_group));
}

Status KeyedStates::read_changes(int key_group, BinaryReader& in) {
  WEIR_RETURN_IF_ERROR(check_own(key_group));
  uint8_t part = in.get_u8();
  if (in.ok() && part == kRemovedPart) {
    if (in.remaining() == 0) in.fail("no removed key");
    CanonicalGroupReader group(in, key_group, places().max_parallelism() > 128);
    CanonicalEntry entry;
    while (group.next(&entry)) {
      WEIR_ASSIGN_OR_RETURN(const Restoring* found, restoring(key_group, entry.state));
      if (found->state == nullptr || bug_enabled(Bug::kRemovedKeyReturns)) continue;
      BinaryReader key(entry.key);
      BinaryReader value(entry.value);
      const bool in_group = found->state->read_removed(key_group, key);
      WEIR_RETURN_IF_ERROR(check_read(key_group, *found->state, key, value, in_group));
    }
    if (!in.ok() || in.remaining() == 0) return in.status(where(key_group));
    part = in.get_u8();
  }
  if (part != kWrittenPart) in.fail("changes of an unknown kind");
  if (!in.ok()) return in.status(where(key_group));
  return read_group(key_group, in);
}

NamedState* KeyedStates::find(const std::string& name) const {
  for (const auto& state : states_) {
    if (state->info().name == name) return state.get();
  }
  return nullptr;
}

void KeyedStates::add(std::unique_ptr<NamedState> state) {
  WEIR_CHECK(find(state->info().name) == nullptr);
  states_.push_back(std::move(state));
}

void KeyedStates::snapshot_ended() {
  const bool more = tracker_.reclaim(kWordsPerStep);
  reserve_.look(tracker_);
  if (!more || collecting_ || context_ == nullptr) return;
  collecting_ = true;
  context_->run_blocking([this] {
    return [this] {
      collecting_ = false;
      snapshot_ended();
    };
  });
}

OperatorContext& KeyedStates::context() const {
  WEIR_CHECK(context_ != nullptr);
  return *context_;
}

void KeyedStates::remove_expired(size_t records) {
  bool changed = false;
  for (TtlCleanup* cleanup : cleanups_) changed |= cleanup->run(records);
  if (changed) forget_current_key();
}

void KeyedStates::attach(OperatorContext& context) {
  context_ = &context;
  tracker_.track_changes(context.tracks_changes());
  const auto run = [&context](std::function<void()> work) {
    context.run_blocking([work = std::move(work)] {
      work();
      return nullptr;
    });
  };
  reserve_.enable(
      {context.copy_reserve(), run, [&context] { return context.processing_time_ms(); }});
}

}  // namespace weir::detail
