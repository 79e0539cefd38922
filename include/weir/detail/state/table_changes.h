#pragma once

#include <cstdint>
#include <memory>

#include "weir/detail/state/removed_keys.h"
#include "weir/detail/state/snapshot_tracker.h"
#include "weir/detail/state/table_view.h"

namespace weir::detail {

/// The changes of one table up to a snapshot, since an epoch (table_page.h) that is the same in all
/// calls. Thread: the reader's.
template <class Table>
class TableChanges {
 public:
  using Key = typename Table::Key;

  /// `view` is that of the same snapshot, and outlives this.
  TableChanges(const std::shared_ptr<Table>& table, const SnapshotTracker& tracker,
               const TableView<Table>& view)
      : table_(*table),
        view_(view),
        places_(tracker.places()),
        removed_(table->seal_removed(tracker.base())) {}

  bool complete_since(uint32_t since) const { return removed_.complete_since(since); }
  bool any_removed(int group, uint32_t since) const {
    return !for_each_removed(group, since, [](const Key&) { return false; });
  }
  bool any_written(int group, uint32_t since) const {
    return !view_.for_each_changed_of_group(group, since,
                                            [](const auto&, const auto&) { return false; });
  }
  /// Calls f(const Key&) while it returns true. A key may come more than once, and may have an
  /// entry now. Returns false if f did not return true.
  template <class F>
  bool for_each_removed(int group, uint32_t since, F&& f) const {
    return removed_.for_each(
        since, places_.first_place(group), places_.last_place(group),
        [this](const Key& key) { return table_.place(key); }, f);
  }

 private:
  const Table& table_;
  const TableView<Table>& view_;
  const PlaceSpace places_;
  const RemovedKeysView<Key> removed_;
};

}  // namespace weir::detail
