#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "weir/status.h"
#include "weir/time/timestamp.h"

namespace weir {

/// A bucket assigner may use this besides the record.
struct BucketContext {
  Timestamp timestamp = kNoTimestamp;   ///< of the record; kNoTimestamp if it has none
  int64_t current_processing_time = 0;  ///< ms since 1970
};

/// Returns the bucket of a record: a directory below the directory of the FileSink, such as
/// "2013-01-01" or "country=fr/day=7". Empty: the directory of the sink itself. Copied for each
/// subtask. May throw, which fails the task.
template <class T>
using BucketAssigner = std::function<std::string(const T& record, const BucketContext& context)>;

/// Buckets by time, in UTC. As Flink's DateTimeBucketAssigner, whose default is also an hour of
/// processing time, but in the machine's time zone.
///
///   FileSink<Click>("out").with_bucket_assigner(DateTimeBucketAssigner::by_event_time("%F"))
///
/// `format` has the directives of CsvOptions::time_format. It may contain '/'.
class DateTimeBucketAssigner {
 public:
  explicit DateTimeBucketAssigner(std::string format = kHour) : format_(std::move(format)) {}
  static DateTimeBucketAssigner by_processing_time(std::string format = kHour) {
    return DateTimeBucketAssigner(std::move(format));
  }
  /// By the timestamps of the records. A record without one fails the task.
  static DateTimeBucketAssigner by_event_time(std::string format = kHour) {
    DateTimeBucketAssigner assigner(std::move(format));
    assigner.event_time_ = true;
    return assigner;
  }

  template <class T>
  std::string operator()(const T&, const BucketContext& context) {
    return bucket_at(event_time_ ? context.timestamp : context.current_processing_time);
  }
  /// The bucket of a point in time. Throws std::invalid_argument for kNoTimestamp.
  const std::string& bucket_at(Timestamp ms);
  /// Checks the format.
  Status check() const;

  static constexpr const char* kHour = "%F--%H";
  static constexpr const char* kDay = "%F";

 private:
  std::string format_;
  bool event_time_ = false;
  // The bucket of the last point in time, and the time that it lasts.
  std::string bucket_;
  Timestamp from_ = 0;
  Timestamp to_ = 0;
};

}  // namespace weir
