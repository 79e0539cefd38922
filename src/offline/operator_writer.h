#pragma once

#include "checkpoint/sidecar.h"
#include "offline/snapshot_reader.h"
#include "offline/state_file.h"
#include "weir/state_processor.h"

namespace weir {

/// An operator of a new snapshot.
struct WrittenOperator {
  OperatorSnapshotState state;
  OperatorStateDescription types;
};

/// Writes the state of an operator of `reader` again, as it is. The result has the same name and
/// id.
StatusOr<WrittenOperator> copy_operator(SnapshotReader& reader, const OperatorSnapshotState& op,
                                        StateFile& file);

/// An operator that is made from records.
struct OperatorToMake {
  std::string label;  ///< for messages
  OperatorId id;
  std::string uid;
  int max_parallelism = 128;
  const StateBootstrap* bootstrap = nullptr;
  /// The state that its function starts with; null: none.
  const OperatorSnapshotState* start = nullptr;
};
/// Runs the function over all records and writes its state. `reader` has `start`; otherwise it may
/// be null. Passes exceptions of the function through.
StatusOr<WrittenOperator> make_operator(const OperatorToMake& op, SnapshotReader* reader,
                                        StateFile& file);

}  // namespace weir
