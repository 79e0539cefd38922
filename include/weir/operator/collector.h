#pragma once

#include <algorithm>

#include "weir/detail/types/held_bytes.h"
#include "weir/operator/operator.h"

namespace weir {

/// Takes the results of a user function. A result gets the timestamp of the record (or timer) that
/// caused it, unless one is given. A function may collect any number of results: collect() waits
/// for room, and throws what the functions behind it throw. While it waits the attempt may end.
/// Then it throws something that is no std::exception; a handler of all exceptions should pass it
/// on. Thread: the operator's; valid during the call it is handed to.
template <class T>
class Collector {
 public:
  static constexpr size_t kBatchSize = std::clamp<size_t>(detail::kBatchBytes / sizeof(T), 1, 1024);

  Collector(Output& out, BatchOf<T>& buffer) : out_(out), buffer_(buffer) {}

  void collect(T record) { collect(std::move(record), timestamp_); }
  void collect(T record, Timestamp timestamp) {
    // All records of a batch have timestamps, or none has.
    if (!buffer_.empty() && buffer_.timestamps.empty() != (timestamp == kNoTimestamp)) flush();
    if constexpr (!detail::HeldBytes<T>::kFixed) bytes_ += detail::HeldBytes<T>::of(record);
    buffer_.add(std::move(record), timestamp);
    if (buffer_.size() >= kBatchSize || bytes_ >= detail::kBatchBytes) flush();
  }

  /// For the operator: the timestamp of what comes next.
  void set_timestamp(Timestamp timestamp) { timestamp_ = timestamp; }
  void flush() {
    bytes_ = 0;
    if (!buffer_.empty()) out_.emit(buffer_);
  }

 private:
  Output& out_;
  BatchOf<T>& buffer_;
  Timestamp timestamp_ = kNoTimestamp;
  size_t bytes_ = 0;  ///< of the buffer, unless its records are of a fixed size
};

}  // namespace weir
