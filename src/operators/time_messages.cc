#include "weir/detail/stream/time_messages.h"

#include "base/strings.h"
#include "weir/detail/base/warn.h"

namespace weir::detail {

std::string label_of(const OperatorContext& context) {
  return cat("operator '", context.operator_name(), "' (uid '", context.uid(), "', subtask ",
             context.subtask(), ")");
}

Status record_without_timestamp(const OperatorContext& context, const std::string& record) {
  return failed_precondition(
      cat(label_of(context), " works in event time and got a record without a timestamp: ", record,
          ". Give the source of this record a watermark strategy with a timestamp assigner, or let "
          "the assigner return a time for this record, "
          "too; results of processing-time timers have no timestamp. "
          "weir.event-time.records-without-timestamp: DROP drops such records"));
}

Status endless_timers(const OperatorContext& context, const std::string& key, Timestamp fired,
                      uint32_t in_a_row, bool at_the_end) {
  if (!at_the_end) {
    return failed_precondition(cat(label_of(context), ": the event-time timers of key ", key,
                                   " do not come to an end: ", in_a_row,
                                   " in a row registered the next one at ", fired,
                                   " ms or earlier, which is when they fired themselves. Register "
                                   "the next timer later than the one that fires"));
  }
  return failed_precondition(
      cat(label_of(context), ": the event-time timers of key ", key, " do not come to an end: ",
          in_a_row, " in a row were registered by the one before, up to ", fired,
          " ms. The input has ended, and the final watermark makes every event-time timer fire at "
          "once. In on_timer, register the next timer only "
          "while timer_service().current_watermark() is less than weir::kMaxWatermark"));
}

void warn_of_timers_dropped(const OperatorContext& context, int64_t count) {
  warn(cat(label_of(context), ": the input has ended; ", count,
           " pending timers of processing time do not fire. Event-time timers do fire at the end "
           "of the input"));
}

}  // namespace weir::detail
