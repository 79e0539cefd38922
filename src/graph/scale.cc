#include "graph/scale.h"

#include <algorithm>

#include "weir/detail/base/check.h"

namespace weir {

int slots_wanted(const JobGraph& graph) {
  int slots = 1;
  for (const JobVertex& vertex : graph.vertices) slots = std::max(slots, vertex.parallelism);
  return slots;
}

JobGraph limit_parallelism(const JobGraph& graph, int slots) {
  WEIR_CHECK_GE(slots, 1);
  JobGraph limited = graph;
  // Both ends of a forward edge have the same parallelism, before and after this.
  for (JobVertex& vertex : limited.vertices)
    vertex.parallelism = std::min(vertex.parallelism, slots);
  return limited;
}

}  // namespace weir
