#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace weir::detail {

/// The keys that were removed from a table in one epoch (table_page.h).
template <class Key>
struct RemovedInEpoch {
  uint32_t epoch = 0;
  std::shared_ptr<const std::vector<Key>> keys;  ///< null: they were too many to keep
};

/// The keys that were removed from a table since its last durable snapshot. A key may be in it more
/// than once, and may be back in the table. Thread: the operator's; the results of seal() may be
/// read by any thread.
template <class Key>
class RemovedKeys {
 public:
  using Sealed = std::vector<RemovedInEpoch<Key>>;

  /// `limit`: maximum number of keys to keep. With more, the next snapshot is a full one.
  void add(const Key& key, size_t limit) {
    if (too_many_) return;
    if (current_.size() + kept_ >= limit) {
      too_many_ = true;
      current_ = {};
    } else {
      current_.push_back(key);
    }
  }
  /// A snapshot begins, and ends `epoch`. Forgets epochs before `base`. Returns the keys of the
  /// others.
  Sealed seal(uint32_t epoch, uint32_t base) {
    if (too_many_ || !current_.empty()) {
      kept_ += current_.size();
      sealed_.push_back({epoch, too_many_ ? nullptr
                                          : std::make_shared<const std::vector<Key>>(
                                                std::exchange(current_, {}))});
      too_many_ = false;
    }
    std::erase_if(sealed_, [&](const RemovedInEpoch<Key>& each) {
      if (each.epoch >= base) return false;
      if (each.keys != nullptr) kept_ -= each.keys->size();
      return true;
    });
    return sealed_;
  }

 private:
  std::vector<Key> current_;
  bool too_many_ = false;
  size_t kept_ = 0;  ///< number of keys in sealed_
  Sealed sealed_;
};

/// The removed keys of a snapshot by key group. Thread: the reader's.
template <class Key>
class RemovedKeysView {
 public:
  explicit RemovedKeysView(typename RemovedKeys<Key>::Sealed sealed) : sealed_(std::move(sealed)) {}

  /// False if too many were removed in this epoch or later.
  bool complete_since(uint32_t epoch) const {
    return std::all_of(sealed_.begin(), sealed_.end(), [&](const RemovedInEpoch<Key>& each) {
      return each.epoch < epoch || each.keys != nullptr;
    });
  }
  /// Calls f(const Key&) for the keys with places from `first` to `last` that were removed in this
  /// epoch or later, while it returns true. `place_of(key)`: a key's place. All calls must give the
  /// same epoch.
  template <class PlaceOf, class F>
  bool for_each(uint32_t epoch, uint64_t first, uint64_t last, PlaceOf&& place_of, F&& f) const {
    if (!sorted_) sort(epoch, place_of);
    auto at = std::lower_bound(by_place_.begin(), by_place_.end(), first,
                               [](const auto& each, uint64_t place) { return each.first < place; });
    for (; at != by_place_.end() && at->first <= last; ++at) {
      if (!f(*at->second)) return false;
    }
    return true;
  }

 private:
  template <class PlaceOf>
  void sort(uint32_t epoch, PlaceOf&& place_of) const {
    for (const RemovedInEpoch<Key>& each : sealed_) {
      if (each.epoch < epoch || each.keys == nullptr) continue;
      for (const Key& key : *each.keys) by_place_.emplace_back(place_of(key), &key);
    }
    std::stable_sort(by_place_.begin(), by_place_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    sorted_ = true;
  }

  const typename RemovedKeys<Key>::Sealed sealed_;
  mutable bool sorted_ = false;
  mutable std::vector<std::pair<uint64_t, const Key*>> by_place_;
};

}  // namespace weir::detail
