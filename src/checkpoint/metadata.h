#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/snapshot_model.h"
#include "weir/status.h"

namespace weir {

/// 4: readable by Flink 1.20 and 2.x; identifies operators by id alone. 6: Flink 2.1 and later;
/// adds names and uids.
enum class MetadataVersion : int { k4 = 4, k6 = 6 };

/// The contents of `_metadata` (docs/formats/metadata.md). `directory` is the URI of the
/// checkpoint's directory: Flink requires absolute paths for files that hold several pieces.
/// INVALID_ARGUMENT: a name is too long for the format.
StatusOr<std::string> encode_metadata(const CheckpointMetadata& metadata,
                                      std::string_view directory,
                                      MetadataVersion version = MetadataVersion::k4);

/// State of a Flink operator that hosted a chain of weir's (docs/formats/flink_host.md, State), or
/// may have: one of Flink's own sources looks the same until its elements are read.
struct HostedChainState {
  /// The operator as Flink knows it, with its lists. `keyed_state` is its raw keyed state, with the
  /// offsets of a hosted stream.
  OperatorSnapshotState chain;
  /// Of a source: the splits that its enumerator had not assigned.
  std::optional<StateStream> coordinator;
};

struct MetadataDecoding {
  /// URI or path of the directory that holds `_metadata`; files in it get names relative to it.
  std::string directory;
  /// Whether a file of that name exists beside `_metadata`; may be null. If set, a moved directory
  /// still opens: a file recorded elsewhere is read from here if a file of the same name exists
  /// here.
  std::function<bool(const std::string& name)> is_beside;
  /// If set, state that weir cannot restore (of RocksDB, channels, source coordinators, …) is
  /// skipped, and a sentence about each is appended. If null, such a file is refused.
  std::vector<std::string>* left_out = nullptr;
  /// If set, receives the operators that hosted a chain, and the result omits them. If null, their
  /// state counts as state that weir cannot restore.
  std::vector<HostedChainState>* hosted = nullptr;
};
/// Decodes versions 3 to 6 from untrusted bytes. DATA_LOSS: malformed. FAILED_PRECONDITION: another
/// version, or state that weir cannot restore; the message names it.
StatusOr<CheckpointMetadata> decode_metadata(std::string_view bytes,
                                             const MetadataDecoding& options);

}  // namespace weir
