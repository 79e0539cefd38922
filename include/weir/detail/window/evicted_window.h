#pragma once

// Windows with an evictor: the contents, and the results.

#include <optional>
#include <utility>
#include <vector>

#include "weir/detail/state/keyed_backend.h"
#include "weir/detail/window/kept_in_window.h"
#include "weir/function/functions.h"
#include "weir/window/evictors.h"

namespace weir::detail {

/// All records with their timestamps. `Kept`: what the window's function gets.
template <class T, class Kept, class Evictor>
struct EvictedWindow {
  using Stored = CowBox<std::vector<TimestampedRecord<T>>>;
  using Serialized = T;
  using Entries = ListEntries<TimestampedRecord<T>>;
  static constexpr auto kKind = KeyedStateInfo::Kind::kList;
  Kept kept;
  Evictor evictor;

  Stored first(const T& record, Timestamp timestamp) const {
    return Stored(std::vector<TimestampedRecord<T>>{{record, timestamp}});
  }
  void add(const T& record, Timestamp timestamp, Stored& stored) const {
    stored.write().push_back({record, timestamp});
  }
  void merge(Stored& from, Stored& into) const { append_smaller(from, into); }
  /// Emits the results of what the evictor leaves. A window without records has no result of a
  /// reduction, and the result of a fresh accumulator of an aggregation.
  template <class Emit, class K, class Out>
  void emit(Emit& emit, const K& key, const WindowContext& context, Stored& stored,
            Collector<Out>& out) const {
    std::vector<TimestampedRecord<T>>& records = stored.write();
    evictor.evict_before(records);
    std::optional<typename Kept::Stored> value;
    for (const TimestampedRecord<T>& record : records) {
      if (value) kept.add(record.value, *value);
      else value = kept.first(record.value);
    }
    if (!value) value = kept.nothing();
    if (value) emit(kept, key, context, *value, out);
    evictor.evict_after(records);
  }
};

}  // namespace weir::detail
