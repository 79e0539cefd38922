#pragma once

#include <string>
#include <vector>

#include "offline/snapshot_reader.h"
#include "weir/state/keyed_state.h"

namespace weir {

/// The keyed state of one subtask in a snapshot, as if an operator had it: for writing it again as
/// it is. Applies the layers of incremental checkpoints.
class RawKeyedSnapshot final : public KeyedStateSnapshot {
 public:
  /// All outlive this. `types`: of the operator.
  RawKeyedSnapshot(SnapshotReader& reader, const OperatorSnapshotState& op,
                   const KeyedStateHandle& handle, const OperatorStateDescription& types)
      : reader_(reader), op_(op), handle_(handle), types_(types) {}

  TypeDescription key_type() const override { return *types_.key_type; }
  std::vector<KeyedStateInfo> states() const override { return types_.keyed_states; }
  KeyGroupRange range() const override { return handle_.range; }
  Status write_group(int key_group, BinaryWriter& out,
                     detail::KeyGroupWriting* writing) const override;

 private:
  SnapshotReader& reader_;
  const OperatorSnapshotState& op_;
  const KeyedStateHandle& handle_;
  const OperatorStateDescription& types_;
};

}  // namespace weir
