#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/state/table_hash.h"
#include "weir/operator/operator.h"
#include "weir/types/types.h"

namespace weir::detail {

/// The type of the key that a selector (a function or a pointer to member) returns for a record.
template <class T, class KeySelector>
using KeyOf = std::remove_cvref_t<std::invoke_result_t<const KeySelector&, const T&>>;

/// How many records ahead the memory of a key is prefetched. 12 to 32 perform the same. A whole
/// batch at once is slower, because the processor limits the number of loads in flight
/// (bench/keyed_operators.cc).
inline constexpr size_t kPrefetchDistance = 16;

/// The keys of a batch and their places. This is the first of two passes over its records.
template <class T, class KeySelector>
class BatchKeys {
 public:
  using K = KeyOf<T, KeySelector>;

  BatchKeys(KeySelector selector) : selector_(std::move(selector)) {}

  void compute(const BatchOf<T>& batch, const PlaceSpace& places) {
    const size_t count = batch.size();
    batch_ = &batch;
    places_.resize(count);
    if constexpr (!kInRecord) {
      keys_.clear();
      keys_.reserve(count);
      for (size_t i = 0; i < count; ++i)
        keys_.push_back(
            std::invoke(std::as_const(selector_), static_cast<const T&>(batch.records[i])));
    }
    const PlaceSpace space = places;
    if (batch.key_hashes.empty()) {
      for (size_t i = 0; i < count; ++i)
        places_[i] = space.place(Serializer<K>::hash(key(i)), table_hash(key(i)));
    } else {
      for (size_t i = 0; i < count; ++i)
        places_[i] = space.place(batch.key_hashes[i], table_hash(key(i)));
    }
  }

  /// Valid until the record changes or the next compute().
  const K& key(size_t i) const {
    if constexpr (kInRecord) {
      return std::invoke(selector_, static_cast<const T&>(batch_->records[i]));
    } else if constexpr (std::is_same_v<K, bool>) {
      return keys_[i].value;
    } else {
      return keys_[i];
    }
  }
  uint64_t place(size_t i) const { return places_[i]; }
  const uint64_t* places() const { return places_.data(); }

 private:
  static constexpr bool kInRecord =
      std::is_lvalue_reference_v<std::invoke_result_t<const KeySelector&, const T&>> &&
      !std::is_same_v<T, bool>;

  const KeySelector selector_;
  const BatchOf<T>* batch_ = nullptr;
  std::vector<StoredRecord<K>> keys_;  // only if the selector returns keys by value
  std::vector<uint64_t> places_;
};

/// See KeyHasher.
template <class T, class KeySelector>
class TypedKeyHasher final : public KeyHasher {
 public:
  explicit TypedKeyHasher(KeySelector selector) : selector_(std::move(selector)) {
    require_key<KeyOf<T, KeySelector>>();
  }
  std::unique_ptr<KeyHasher> copy() const override {
    return std::make_unique<TypedKeyHasher>(selector_);
  }
  void hash(Batch& batch) const override {
    if (!batch.key_hashes.empty()) return;
    const auto& records = static_cast<const BatchOf<T>&>(batch).records;
    batch.key_hashes.resize(records.size());
    for (size_t i = 0; i < records.size(); ++i) {
      batch.key_hashes[i] = Serializer<KeyOf<T, KeySelector>>::hash(
          std::invoke(selector_, static_cast<const T&>(records[i])));
    }
  }

 private:
  const KeySelector selector_;
};

}  // namespace weir::detail
