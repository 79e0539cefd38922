#pragma once

#include <string>

#include "cluster/job_master/job_master.h"

namespace weir {

/// One line for a person who watches: records, rate, watermark, last checkpoint. Pure.
/// `records_per_second` is the rate since the last line; `now` the clock that the view's times are
/// of.
std::string progress_line(const JobView& view, double records_per_second, MonotonicTime now);

}  // namespace weir
