#pragma once

#include <string>

#include "rest/job_snapshot.h"

namespace weir::rest {

/// The content of a file that Flink's history server shows as a finished job: the replies about the
/// job that do not change any more, by their paths. Pure.
std::string archive_of(const JobSnapshot& job);

}  // namespace weir::rest
