#include "weir/detail/window/dropped_records.h"

#include "base/strings.h"
#include "weir/detail/base/warn.h"
#include "weir/detail/stream/time_messages.h"

namespace weir::detail {
namespace {

constexpr int64_t kSayAgainAt = 10;  ///< the next warning comes at this multiple of the last count

/// The next count at which to warn.
int64_t next_step(int64_t step, int64_t count) {
  while (step <= count && step <= INT64_MAX / kSayAgainAt) step *= kSayAgainAt;
  return step;
}

}  // namespace

void DroppedRecords::open(OperatorContext& context) {
  context_ = &context;
  late_ = &context.metrics().counter(kLateRecordsDropped);
  without_timestamp_ = &context.metrics().counter("numRecordsWithoutTimestampDropped");
}

void DroppedRecords::say_late() {
  say_late_at_ = next_step(say_late_at_, late_->count());
  warn(cat(label_of(*context_), " has dropped ", late_->count(),
           late_->count() == 1 ? " record" : " records", " that came too late: up to ", latest_ms_,
           " ms behind the watermark. Raise the bound of for_bounded_out_of_orderness() at the "
           "source by as much, or give the source its input in "
           "the order of time"));
}

void DroppedRecords::say_without_timestamp() {
  say_without_timestamp_at_ = next_step(say_without_timestamp_at_, without_timestamp_->count());
  warn(cat(label_of(*context_), " has dropped ", without_timestamp_->count(),
           without_timestamp_->count() == 1 ? " record" : " records",
           " without a timestamp (weir.event-time.records-without-timestamp is DROP)"));
}

}  // namespace weir::detail
