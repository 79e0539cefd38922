#pragma once

#include <string>
#include <string_view>

#include "graph/job_graph.h"

namespace weir {

std::string_view to_string(Partitioning partitioning);  ///< "hash"

/// The job in the form of `--explain`: chains, their operators with uids and ids, and the exchanges
/// between chains.
std::string explain(const JobGraph& graph);

}  // namespace weir
