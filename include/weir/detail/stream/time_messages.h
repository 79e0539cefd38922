#pragma once

#include <cstdint>
#include <string>

#include "weir/operator/operator.h"

// Messages about records and timers that operators cannot handle.

namespace weir::detail {

/// "operator 'window' (uid 'w', subtask 0)"
std::string label_of(const OperatorContext& context);

/// Says why an event-time operator cannot take a record, and what to do. `record`: the record as
/// text.
Status record_without_timestamp(const OperatorContext& context, const std::string& record);

/// The timers of a key register each other endlessly. `fired`: the timestamp of the last one.
/// `in_a_row`: their number.
Status endless_timers(const OperatorContext& context, const std::string& key, Timestamp fired,
                      uint32_t in_a_row, bool at_the_end);

/// Warns that processing-time timers were pending at the end of the input.
void warn_of_timers_dropped(const OperatorContext& context, int64_t count);

}  // namespace weir::detail
