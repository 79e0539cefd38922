#include "runtime/in_flight_time.h"

#include <algorithm>

namespace weir {

bool keeps_event_time(const RestorePlan& plan, const JobGraph& graph) {
  return std::all_of(graph.vertices.begin(), graph.vertices.end(), [&](const JobVertex& vertex) {
    return std::all_of(vertex.chain.begin(), vertex.chain.end(), [&](const JobOperator& op) {
      const OperatorRestore* const restore = plan.find(op.id);
      return restore != nullptr && restore->found && restore->old_parallelism == vertex.parallelism;
    });
  });
}

void forget_event_time(RestoredInFlight* in_flight) {
  for (RestoredChannel& channel : in_flight->channels) {
    channel.watermark = kMinWatermark;
    channel.idle = false;
    std::erase_if(channel.elements, [](const StreamElement& element) {
      return element.kind != StreamElement::Kind::kBatch;
    });
  }
}

}  // namespace weir
