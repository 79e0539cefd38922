#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/operator/batch.h"
#include "weir/time/timestamp.h"

namespace weir {

struct KafkaHeader {
  std::string_view name;
  std::optional<std::string_view> value;  ///< nothing: the header's value is null
};

/// One record of a topic, as a deserializer gets it. Valid during the call.
struct KafkaMessage {
  std::string_view topic;
  int32_t partition = 0;
  int64_t offset = 0;
  Timestamp timestamp = kNoTimestamp;  ///< of the producer or of the broker, as the topic is set up
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  ///< nothing: a tombstone

  /// In the order in which the producer added them. A name may be there more than once.
  std::vector<KafkaHeader> headers() const;
  /// The value of the last header of that name. Nothing: there is none, or its value is null.
  std::optional<std::string_view> header(std::string_view name) const;

  const void* raw = nullptr;  ///< internal
};

/// Where a deserializer puts the records that it makes of a message: none, one or several.
template <class T>
class KafkaCollector {
 public:
  KafkaCollector(BatchOf<T>& batch, Timestamp timestamp) : batch_(batch), timestamp_(timestamp) {}
  /// The record gets the message's timestamp.
  void collect(T record) { batch_.add(std::move(record), timestamp_); }
  void collect(T record, Timestamp timestamp) { batch_.add(std::move(record), timestamp); }

 private:
  BatchOf<T>& batch_;
  const Timestamp timestamp_;
};

}  // namespace weir
