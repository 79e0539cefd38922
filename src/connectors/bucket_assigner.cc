#include "weir/connector/bucket_assigner.h"

#include <stdexcept>

#include "weir/detail/connector/csv_time.h"

namespace weir {
namespace {

/// A bucket begins and ends at a multiple of this many milliseconds since 1970.
int64_t step_of(std::string_view format) {
  if (format.find('%') == std::string_view::npos) return INT64_MAX / 4;
  for (const std::string_view precise : {"%S", "%T", "%s"}) {
    if (format.find(precise) != std::string_view::npos) return 1;
  }
  return 60'000;
}

}  // namespace

const std::string& DateTimeBucketAssigner::bucket_at(Timestamp ms) {
  if (ms == kNoTimestamp)
    throw std::invalid_argument(
        "a record without a timestamp has no bucket of event time: give the source a timestamp "
        "assigner, or use DateTimeBucketAssigner::by_processing_time");
  if (ms >= from_ && ms < to_) return bucket_;
  const int64_t step = step_of(format_);
  bucket_.clear();
  detail::append_time(bucket_, detail::from_ticks(ms, 1, 1000), format_);
  int64_t since = ms % step;
  if (since < 0) since += step;
  from_ = ms < INT64_MIN + since ? INT64_MIN : ms - since;
  to_ = from_ > INT64_MAX - step ? INT64_MAX : from_ + step;
  return bucket_;
}

Status DateTimeBucketAssigner::check() const { return detail::check_time_format(format_); }

}  // namespace weir
