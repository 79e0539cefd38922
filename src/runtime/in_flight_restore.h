#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "checkpoint/in_flight_list.h"
#include "graph/job_graph.h"
#include "runtime/in_flight_format.h"
#include "runtime/operator_host.h"
#include "runtime/stream_element.h"

namespace weir {

/// The batches, watermarks and statuses that were in flight on one channel when the checkpoint was
/// taken, as far as this subtask gets them.
struct RestoredChannel {
  int input = 0;
  Timestamp watermark = kMinWatermark;  ///< of the channel, before its elements
  bool idle = false;
  std::vector<StreamElement> elements;
};

/// The elements that a restored task gets before any new one.
struct RestoredInFlight {
  /// Records for operators that have joined the chain of their sender since: they have no channel
  /// any more, and their watermarks are made anew. Those of later operators come first.
  std::deque<std::pair<size_t, std::unique_ptr<Batch>>> inner;
  std::vector<RestoredChannel> channels;  ///< none, or at least one for each input of the task
};

/// Selects from the lists of a checkpoint what was in flight to one subtask, or belongs to it now:
/// by the hash or the partitioner of the edge, which are asked again. Thread: one at a time.
class InFlightRestore {
 public:
  /// The graph outlives it.
  InFlightRestore(const JobGraph& graph, int vertex, int subtask);

  /// Takes the lists of records in flight to operator `op` of the chain out of `lists`. Call it in
  /// the order of the chain. Passes exceptions of the user's functions through.
  /// FAILED_PRECONDITION: the program has no such edge or other records now. DATA_LOSS: damaged.
  Status take_from(size_t op, OperatorLists& lists);
  RestoredInFlight take();

 private:
  /// Where the records of a list go now.
  struct Target {
    const RecordCodec* codec = nullptr;
    const JobEdge* edge = nullptr;  ///< null: within the chain
  };
  Status read(size_t op, const InFlightList& list, std::string_view element);
  StatusOr<Target> target_of(size_t op, const InFlightList& list, const InFlightHead& head) const;
  StatusOr<std::unique_ptr<Batch>> own_part(const InFlightList& list, const InFlightHead& head,
                                            const Target& target, std::unique_ptr<Batch> batch);
  RestoredChannel& channel_of(const InFlightList& list, const InFlightHead& head);
  size_t index_of(const JobEdge& edge) const {
    return static_cast<size_t>(&edge - graph_.edges.data());
  }
  std::string name_of(size_t op) const;

  const JobGraph& graph_;
  const JobVertex& vertex_;
  const int vertex_index_;
  const int subtask_;
  /// By input, old receiving subtask and its channel.
  std::map<std::tuple<int, int32_t, int32_t>, RestoredChannel> channels_;
  std::map<size_t, std::unique_ptr<KeyHasher>> hashers_;               ///< by index of the edge
  std::map<size_t, std::unique_ptr<RecordPartitioner>> partitioners_;  ///< the same
  std::deque<std::pair<size_t, std::unique_ptr<Batch>>> inner_;
  size_t inner_of_this_op_ = 0;
  std::vector<uint16_t> which_;  ///< scratch
};

}  // namespace weir
