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
#include "weir/detail/keyed_state.h"
#include "weir/status.h"
#include "weir/type_description.h"

namespace weir {

/// What the state of one operator is made of, in weir's words: Flink's format keeps no names of
/// fields.
struct OperatorStateDescription {
  OperatorId operator_id;
  std::string uid;
  std::optional<TypeDescription> key_type;   ///< if it has keyed state
  std::vector<KeyedStateInfo> keyed_states;  ///< in the order of their ids
  std::vector<ListStateInfo> lists;
  bool operator==(const OperatorStateDescription&) const = default;
};

/// The file `_weir` beside `_metadata`, which Flink ignores: types, and checksums of everything
/// (docs/formats/sidecar.md).
struct Sidecar {
  CheckpointId checkpoint_id = 0;
  std::string weir_version;  ///< of the program that wrote it
  std::string job_name;
  JobId job_id;
  std::string fingerprint;  ///< of the job's graph
  int64_t start = 0;        ///< of the job that has taken it, see lineage.h; 0: it was not numbered
  std::map<std::string, std::string> arguments;  ///< the program's own flags, as JobGraph has them
  int64_t metadata_length = 0;
  uint64_t metadata_checksum = 0;  ///< XXH3-64
  std::vector<DataFile> files;
  std::vector<OperatorStateDescription> operators;

  /// Null: the operator had no state.
  const OperatorStateDescription* find(const OperatorId& id) const;
};

/// Sets weir_version if it is empty.
std::string encode_sidecar(const Sidecar& sidecar);
/// DATA_LOSS: damaged (it carries its own checksum). FAILED_PRECONDITION: another format version.
StatusOr<Sidecar> decode_sidecar(std::string_view bytes);

/// DATA_LOSS unless these are the bytes of `_metadata` that the sidecar was written with.
Status verify_metadata(const Sidecar& sidecar, std::string_view metadata_bytes);

}  // namespace weir
