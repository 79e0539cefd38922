#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "checkpoint/operator_stream.h"
#include "checkpoint/snapshot_model.h"
#include "weir/state/keyed_state.h"
#include "weir/status.h"
#include "weir/types/type_description.h"

namespace weir {

/// The types in the state of one operator, as weir describes them: Flink's format has no field
/// names.
struct OperatorStateDescription {
  OperatorId operator_id;
  std::string uid;
  std::optional<TypeDescription> key_type;   ///< if it has keyed state
  std::vector<KeyedStateInfo> keyed_states;  ///< in the order of their ids
  std::vector<ListStateInfo> lists;
  bool operator==(const OperatorStateDescription&) const = default;
};

/// The file `_weir` beside `_metadata`, which Flink ignores: types, and checksums of all files
/// (docs/formats/sidecar.md).
struct Sidecar {
  CheckpointId checkpoint_id = 0;
  std::string weir_version;  ///< version of the program that wrote it
  std::string job_name;
  JobId job_id;
  std::string fingerprint;  ///< of the job's graph
  int64_t start = 0;  ///< the job's start that took the checkpoint, see lineage.h; 0: not numbered
  std::map<std::string, std::string> arguments;  ///< the program's own flags, as in JobGraph
  int64_t metadata_length = 0;
  uint64_t metadata_checksum = 0;  ///< XXH3-64
  std::vector<DataFile> files;
  std::vector<OperatorStateDescription> operators;

  /// Null if the operator had no state.
  const OperatorStateDescription* find(const OperatorId& id) const;
};

/// Sets weir_version if it is empty.
std::string encode_sidecar(const Sidecar& sidecar);
/// DATA_LOSS: damaged (it has its own checksum). FAILED_PRECONDITION: another format version.
StatusOr<Sidecar> decode_sidecar(std::string_view bytes);

/// DATA_LOSS unless these bytes are the `_metadata` that the sidecar was written for.
Status verify_metadata(const Sidecar& sidecar, std::string_view metadata_bytes);

}  // namespace weir
