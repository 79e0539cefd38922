#pragma once

#include <memory>
#include <string>
#include <vector>

#include "checkpoint/in_flight_list.h"
#include "graph/job_graph.h"
#include "runtime/operator_host.h"
#include "runtime/stream_element.h"
#include "weir/detail/time/combined_time.h"

namespace weir {

/// Where a channel of a task comes from.
struct ChannelOrigin {
  const JobEdge* edge = nullptr;  ///< outlives the channel
  OperatorId sender;              ///< the operator whose records it carries
};

/// How records of the edge reach the subtasks of a restored job.
InFlightRoute route_of(const JobEdge& edge);

/// FAILED_PRECONDITION names the operators between which barriers would overtake records whose type
/// has no Serializer.
Status check_can_overtake(const JobGraph& graph);

/// Writes what a barrier has overtaken on the channels of one task as list state of the task's
/// first operator (docs/formats/in_flight.md). Thread: the shard's. Passes exceptions of a user's
/// serializer through.
class InFlightRecorder {
 public:
  /// The receiving task.
  struct Place {
    int subtask = 0;
    int parallelism = 1;
    int max_parallelism = 128;
  };
  InFlightRecorder(std::vector<ChannelOrigin> channels, Place place);

  /// Forgets everything. Then add the event time of every channel, as the task has it at its
  /// snapshot, and then the elements that follow.
  void clear();
  void begin_channel(size_t channel, const detail::TimePart& time);
  void add(size_t channel, const StreamElement& element);
  /// The recorded lists; none if no batch and no watermark was in flight.
  OperatorLists take();

 private:
  /// A part with more bytes is followed by another one.
  static constexpr size_t kPartBytes = size_t{32} << 20;

  struct Recorded {
    std::string head;                ///< common to the channel's parts
    std::vector<std::string> parts;  ///< full ones
    std::string entries;
    size_t last_entry = 0;  ///< where it begins
  };
  void end_part(Recorded& recorded) const;

  const std::vector<ChannelOrigin> channels_;
  const Place place_;
  std::vector<std::string> types_;  ///< by channel
  std::vector<Recorded> recorded_;  ///< by channel
  bool any_ = false;
};

}  // namespace weir
