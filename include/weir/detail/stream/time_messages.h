#pragma once

#include <cstdint>
#include <string>

#include "weir/operator/operator.h"

// What operators say about records and timers that they cannot handle.

namespace weir::detail {

/// "operator 'window' (uid 'w', subtask 0)"
std::string label_of(const OperatorContext& context);

/// Why an event-time operator cannot take a record, and what to do. `record`: as text.
Status record_without_timestamp(const OperatorContext& context, const std::string& record);

/// The timers of a key register each other without end. `fired`: the timestamp of the last one;
/// `in_a_row`: how many there were.
Status endless_timers(const OperatorContext& context, const std::string& key, Timestamp fired,
                      uint32_t in_a_row, bool at_the_end);

/// Warns that timers of processing time were pending at the end of the input.
void warn_of_timers_dropped(const OperatorContext& context, int64_t count);

}  // namespace weir::detail
