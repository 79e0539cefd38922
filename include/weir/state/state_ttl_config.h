#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "weir/detail/base/saturating.h"

namespace weir {

/// The time to live (TTL) of a keyed state, with Flink's rules. A value expires when `time_to_live`
/// has passed since its last access, by the wall clock. The elements of a list and the entries of a
/// map expire one by one.
///
///   context.state(weir::ValueStateDescriptor<int64_t>{"count"}.enable_time_to_live(
///       weir::StateTtlConfig(std::chrono::hours(24))));
///
/// A restored value keeps the time of its last access, so it may be expired after the restore. If
/// the clock goes back, values live longer.
class StateTtlConfig {
 public:
  enum class UpdateType {
    kOnCreateAndWrite,  ///< only writes are accesses
    kOnReadAndWrite,    ///< reads are accesses, too
  };
  enum class StateVisibility {
    kNeverReturnExpired,
    /// An expired value is returned until it is removed. A read removes it afterwards.
    kReturnExpiredIfNotCleanedUp,
  };

  /// Throws std::invalid_argument if the time is shorter than 1 ms. A time that is too long for a
  /// number of milliseconds means that nothing expires.
  template <class Rep, class Period>
  explicit StateTtlConfig(std::chrono::duration<Rep, Period> time_to_live)
      : ttl_ms_(detail::saturating_cast<std::chrono::duration<int64_t, std::milli>>(time_to_live)
                    .count()) {
    if (ttl_ms_ <= 0)
      throw std::invalid_argument("the time to live of a state must be 1 ms or longer, but it is " +
                                  std::to_string(ttl_ms_) + " ms");
  }

  StateTtlConfig& set_update_type(UpdateType type) {
    update_type_ = type;
    return *this;
  }
  StateTtlConfig& update_ttl_on_create_and_write() {
    return set_update_type(UpdateType::kOnCreateAndWrite);
  }
  StateTtlConfig& update_ttl_on_read_and_write() {
    return set_update_type(UpdateType::kOnReadAndWrite);
  }
  StateTtlConfig& set_state_visibility(StateVisibility visibility) {
    visibility_ = visibility;
    return *this;
  }
  StateTtlConfig& never_return_expired() {
    return set_state_visibility(StateVisibility::kNeverReturnExpired);
  }
  StateTtlConfig& return_expired_if_not_cleaned_up() {
    return set_state_visibility(StateVisibility::kReturnExpiredIfNotCleanedUp);
  }

  /// Leaves expired values out of checkpoints. Does not change the state in memory.
  StateTtlConfig& cleanup_full_snapshot() {
    in_full_snapshot_ = true;
    return *this;
  }
  /// Checks `entries` entries of the state for each access to it and, if `for_every_record`, for
  /// each record of the operator, and removes those that have expired. Throws std::invalid_argument
  /// if `entries` is 0. The default is 5 entries for each access.
  StateTtlConfig& cleanup_incrementally(size_t entries, bool for_every_record) {
    if (entries == 0)
      throw std::invalid_argument(
          "an incremental cleanup of state must check at least 1 entry for each access");
    incremental_entries_ = entries < kMaxEntries ? entries : kMaxEntries;
    for_every_record_ = for_every_record;
    chosen_ = true;
    return *this;
  }
  /// No incremental cleanup unless cleanup_incrementally() is called: an expired value stays in
  /// memory until it is read.
  StateTtlConfig& disable_cleanup_in_background() {
    if (!chosen_) incremental_entries_ = 0;
    return *this;
  }

  int64_t time_to_live_ms() const { return ttl_ms_; }
  UpdateType update_type() const { return update_type_; }
  StateVisibility state_visibility() const { return visibility_; }
  bool cleans_up_in_full_snapshot() const { return in_full_snapshot_; }
  /// 0: no incremental cleanup.
  size_t incremental_cleanup_entries() const { return incremental_entries_; }
  bool runs_cleanup_for_every_record() const { return for_every_record_; }

 private:
  static constexpr size_t kMaxEntries = 1'000'000;

  int64_t ttl_ms_;
  UpdateType update_type_ = UpdateType::kOnCreateAndWrite;
  StateVisibility visibility_ = StateVisibility::kNeverReturnExpired;
  bool in_full_snapshot_ = false;
  size_t incremental_entries_ = 5;
  bool for_every_record_ = false;
  bool chosen_ = false;  ///< cleanup_incrementally() was called
};

}  // namespace weir
