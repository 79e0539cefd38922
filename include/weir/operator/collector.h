#pragma once

#include <algorithm>

#include "weir/detail/types/held_bytes.h"
#include "weir/operator/operator.h"

namespace weir {

/// Receives the results of a user function. A result gets the timestamp of the record or timer that
/// caused it, unless the function passes one (ms since 1970). A function may collect any number of
/// results. collect() blocks while there is no room, and throws the exceptions of functions later
/// in the chain. If the attempt ends while it blocks, it throws an object that is not a
/// std::exception; catch-all handlers should rethrow it. Valid only during the call that receives
/// it. Thread: the operator's.
template <class T>
class Collector {
 public:
  static constexpr size_t kBatchSize = std::clamp<size_t>(detail::kBatchBytes / sizeof(T), 1, 1024);

  Collector(Output& out, BatchOf<T>& buffer) : out_(out), buffer_(buffer) {}

  void collect(T record) { collect(std::move(record), timestamp_); }
  void collect(T record, Timestamp timestamp) {
    // Either all records of a batch have timestamps, or none has.
    if (!buffer_.empty() && buffer_.timestamps.empty() != (timestamp == kNoTimestamp)) flush();
    if constexpr (!detail::HeldBytes<T>::kFixed) bytes_ += detail::HeldBytes<T>::of(record);
    buffer_.add(std::move(record), timestamp);
    if (buffer_.size() >= kBatchSize || bytes_ >= detail::kBatchBytes) flush();
  }

  /// For the operator: sets the timestamp of the next results.
  void set_timestamp(Timestamp timestamp) { timestamp_ = timestamp; }
  void flush() {
    bytes_ = 0;
    if (!buffer_.empty()) out_.emit(buffer_);
  }

 private:
  Output& out_;
  BatchOf<T>& buffer_;
  Timestamp timestamp_ = kNoTimestamp;
  size_t bytes_ = 0;  ///< of the buffered records; not counted for types of a fixed size
};

}  // namespace weir
