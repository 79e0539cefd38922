#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "weir/time/timestamp.h"

namespace weir {

/// Records of one type in the dataflow. Thread: its owner's, one at a time.
class Batch {
 public:
  virtual ~Batch() = default;
  virtual size_t size() const = 0;
  virtual void clear() = 0;
  /// Returns a new empty batch of the same record type.
  virtual std::unique_ptr<Batch> make_empty() const = 0;
  /// Exchanges contents with a batch of the same record type.
  virtual void swap(Batch& other) = 0;
  /// Moves record i, with its timestamp and key hash, to the end of *targets[which[i]], for every
  /// i. Leaves this batch empty.
  virtual void scatter(const uint16_t* which, Batch* const* targets) = 0;
  /// Returns a batch with copies of all records.
  virtual std::unique_ptr<Batch> copy() const = 0;

  bool empty() const { return size() == 0; }
  Timestamp timestamp(size_t i) const { return timestamps.empty() ? kNoTimestamp : timestamps[i]; }

  std::vector<Timestamp> timestamps;  ///< one per record (kNoTimestamp if it has none), or empty
  std::vector<int32_t> key_hashes;    ///< Serializer<K>::hash of each record's key, one per record,
                                      ///< or empty; a hash exchange fills it
};

namespace detail {
/// Replaces bool, because std::vector<bool> has no references to its elements.
struct Bool {
  bool value = false;
  Bool() = default;
  Bool(bool v) : value(v) {}               // NOLINT: converts like bool
  operator bool() const { return value; }  // NOLINT
};
}  // namespace detail

template <class T>
using StoredRecord = std::conditional_t<std::is_same_v<T, bool>, detail::Bool, T>;

template <class T>
class BatchOf final : public Batch {
 public:
  size_t size() const override { return records.size(); }
  void clear() override {
    records.clear();
    timestamps.clear();
    key_hashes.clear();
  }
  std::unique_ptr<Batch> make_empty() const override { return std::make_unique<BatchOf>(); }
  void swap(Batch& other) override {
    auto& o = static_cast<BatchOf&>(other);
    records.swap(o.records);
    timestamps.swap(o.timestamps);
    key_hashes.swap(o.key_hashes);
  }
  void scatter(const uint16_t* which, Batch* const* targets) override {
    for (size_t i = 0; i < records.size(); ++i)
      static_cast<BatchOf*>(targets[which[i]])->records.push_back(std::move(records[i]));
    for (size_t i = 0; i < timestamps.size(); ++i)
      targets[which[i]]->timestamps.push_back(timestamps[i]);
    for (size_t i = 0; i < key_hashes.size(); ++i)
      targets[which[i]]->key_hashes.push_back(key_hashes[i]);
    clear();
  }
  std::unique_ptr<Batch> copy() const override {
    static_assert(std::is_copy_constructible_v<T>, "records of a stream must be copyable");
    return std::make_unique<BatchOf>(*this);
  }
  /// Records with and without timestamps may be mixed. Then `timestamps` holds kNoTimestamp for the
  /// latter.
  void add(T record) {
    records.push_back(std::move(record));
    if (!timestamps.empty()) [[unlikely]]
      timestamps.push_back(kNoTimestamp);
  }
  void add(T record, Timestamp timestamp) {
    if (timestamp == kNoTimestamp) return add(std::move(record));
    if (timestamps.size() != records.size()) [[unlikely]]
      timestamps.resize(records.size(), kNoTimestamp);
    records.push_back(std::move(record));
    timestamps.push_back(timestamp);
  }

  std::vector<StoredRecord<T>> records;
};

}  // namespace weir
