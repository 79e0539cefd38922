#pragma once

#include <vector>

#include "checkpoint/metadata.h"
#include "checkpoint/sidecar.h"
#include "checkpoint/snapshot_model.h"
#include "checkpoint/state_reader.h"

namespace weir {

/// The state of weir's operators, extracted from a Flink snapshot of hosted chains.
struct HostedOperators {
  /// Lists are inline; keyed state is read from the chains' streams.
  std::vector<OperatorSnapshotState> operators;
  std::vector<OperatorStateDescription> descriptions;  ///< of all operators that have state
  CheckpointId checkpoint_id = 0;                      ///< as the chains count; 0: not recorded
};

/// Adds the operators of one chain. Returns false if the operator hosted no chain but is one of
/// Flink's own sources. Blocks. DATA_LOSS: damaged. FAILED_PRECONDITION: written by a newer weir.
StatusOr<bool> add_hosted_chain(const HostedChainState& chain, StateReader& reader,
                                HostedOperators* out);

}  // namespace weir
