#pragma once

#include <string>

#include "cluster/job_master/job_master.h"

namespace weir {

/// One line for a human reader: records, rate, watermark, last checkpoint. Pure.
/// `records_per_second` is the rate since the last line. `now` is of the same clock as the view's
/// times.
std::string progress_line(const JobView& view, double records_per_second, MonotonicTime now);

}  // namespace weir
