#pragma once

#include <vector>

#include "checkpoint/metadata.h"
#include "checkpoint/sidecar.h"
#include "checkpoint/snapshot_model.h"
#include "checkpoint/state_reader.h"

namespace weir {

/// Weir's operators as a snapshot has them that Flink took of chains that it hosts.
struct HostedOperators {
  std::vector<OperatorSnapshotState>
      operators;  ///< lists are inline; keyed state is read from the chains' streams
  std::vector<OperatorStateDescription> descriptions;  ///< of all of them that have state
  CheckpointId checkpoint_id = 0;                      ///< as the chains count; 0: none says
};

/// Adds the operators of one chain. False: it hosted none, but is a source of Flink's own. Blocks.
/// DATA_LOSS: damaged. FAILED_PRECONDITION: written by a newer weir.
StatusOr<bool> add_hosted_chain(const HostedChainState& chain, StateReader& reader,
                                HostedOperators* out);

}  // namespace weir
