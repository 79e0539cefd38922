#pragma once

// Values with the time of their last access, and the rule for when they expire.

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weir/detail/base/saturating.h"
#include "weir/operator/operator.h"
#include "weir/state/state_ttl_config.h"
#include "weir/types/types.h"

namespace weir::detail {

/// A value of a state with a time to live.
template <class T>
struct TtlValue {
  int64_t last_access = 0;  ///< ms since 1970
  T value{};
};

template <class T>
inline constexpr bool kHasTtl = false;
template <class T>
inline constexpr bool kHasTtl<TtlValue<T>> = true;

/// The name of the kTuple type of a value with a time to live. Flink has a serializer of its own
/// for it.
inline constexpr std::string_view kTtlTypeName = "ttl";

/// As in Flink: a value expires when its time to live has passed, and sums of times saturate.
constexpr bool is_expired(int64_t last_access, int64_t ttl_ms, int64_t now) {
  return saturating_add(last_access, ttl_ms) <= now;
}

/// Selects the elements to write to a snapshot: all of them.
struct KeepAll {
  template <class T>
  bool operator()(const T&) const {
    return true;
  }
};
/// Leaves out expired values.
struct KeepUnexpired {
  int64_t ttl_ms;
  int64_t now;
  template <class T>
  bool operator()(const TtlValue<T>& element) const {
    return !is_expired(element.last_access, ttl_ms, now);
  }
};

/// How the elements of a state are stored in a stream that is being restored, if the state has got
/// or lost its time to live since. As in Flink, a value without a last access gets the time of the
/// restore, and a value whose state has no time to live any more is kept even if it had expired.
struct StoredElements {
  bool with_ttl = false;
  int64_t now = 0;

  template <class T>
  void read(BinaryReader& in, T& element) const {
    if constexpr (kHasTtl<T>) {
      element.last_access = with_ttl ? in.get_i64() : now;
      Serializer<decltype(element.value)>::read(in, element.value);
    } else {
      if (with_ttl) in.get_i64();
      Serializer<T>::read(in, element);
    }
  }
};

/// The wall clock of states with a time to live. It stands still during a call of a user function,
/// so that a value does not expire between two accesses. Thread: the operator's.
class TtlClock {
 public:
  /// Both outlive the clock. `key_changes` counts the calls.
  TtlClock(OperatorContext& context, const uint64_t& key_changes)
      : context_(context), key_changes_(key_changes) {}

  uint64_t call() const { return key_changes_; }
  int64_t now() {
    if (read_at_ != key_changes_) {
      now_ = context_.processing_time_ms();
      read_at_ = key_changes_;
    }
    return now_;
  }
  /// Outside of calls.
  int64_t read() const { return context_.processing_time_ms(); }

 private:
  OperatorContext& context_;
  const uint64_t& key_changes_;
  uint64_t read_at_ = UINT64_MAX;
  int64_t now_ = 0;
};

/// Counts the entries that the incremental cleanup of a state has to check. Thread: the operator's.
class TtlCleanup {
 public:
  explicit TtlCleanup(const StateTtlConfig& config)
      : entries_(static_cast<int64_t>(config.incremental_cleanup_entries())),
        for_every_record_(config.runs_cleanup_for_every_record()) {}
  virtual ~TtlCleanup() = default;

  void count_access() { due_ += entries_; }
  /// Checks the entries that are due. Call it between calls of user functions, because it moves
  /// values. Returns whether it changed the state.
  bool run(size_t records) {
    if (for_every_record_) due_ += entries_ * static_cast<int64_t>(records);
    if (due_ <= 0) return false;
    bool changed = false;
    while (due_ > 0) {
      const int64_t checked = clean_some(&changed);
      due_ -= checked;
      if (checked == 0) due_ = 0;  // the end of the table; the next run begins at its start
    }
    return changed;
  }

 protected:
  /// Checks some entries after those of the last call, and returns their number; 0 at the end.
  virtual int64_t clean_some(bool* changed) = 0;

 private:
  const int64_t entries_;
  const bool for_every_record_;
  int64_t due_ = 0;  ///< negative: a large map was checked that is not yet paid for
};

}  // namespace weir::detail

namespace weir {

/// Flink's layout of a value with a time to live.
template <class T>
struct Serializer<detail::TtlValue<T>> {
  static constexpr size_t kMinBytes = 8;
  static void write(BinaryWriter& out, const detail::TtlValue<T>& element) {
    out.put_i64(element.last_access);
    Serializer<T>::write(out, element.value);
  }
  static void read(BinaryReader& in, detail::TtlValue<T>& element) {
    element.last_access = in.get_i64();
    Serializer<T>::read(in, element.value);
  }
  static TypeDescription describe() {
    TypeDescription type;
    type.kind = TypeKind::kTuple;
    type.name = detail::kTtlTypeName;
    type.children = {Serializer<int64_t>::describe(), Serializer<T>::describe()};
    return type;
  }
};

}  // namespace weir
