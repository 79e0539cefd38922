#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/snapshot_model.h"
#include "weir/status.h"

namespace weir {

/// 4: what Flink 1.20 and 2.x both read; operators are known by their ids alone. 6: Flink 2.1 on;
/// with names and uids.
enum class MetadataVersion : int { k4 = 4, k6 = 6 };

/// The contents of `_metadata` (docs/formats/metadata.md). `directory` is the URI of the
/// checkpoint's directory, for Flink, which wants absolute paths of files that hold several pieces.
/// INVALID_ARGUMENT: names that are too long for the format.
StatusOr<std::string> encode_metadata(const CheckpointMetadata& metadata,
                                      std::string_view directory,
                                      MetadataVersion version = MetadataVersion::k4);

/// What one of Flink's operators left that hosted a chain of weir's (docs/formats/flink_host.md,
/// State). Or may have: a source of Flink's own looks the same until its elements are read.
struct HostedChainState {
  /// The operator as Flink knows it, with its lists; `keyed_state` is its raw keyed state, with the
  /// offsets of a hosted stream.
  OperatorSnapshotState chain;
  std::optional<StateStream> coordinator;  ///< a source's: what its enumerator had not dealt out
};

struct MetadataDecoding {
  /// URI or path of the directory where `_metadata` was found: files in it get their names relative
  /// to it.
  std::string directory;
  /// Whether a file of that name lies beside `_metadata`; may be null. With it a directory that was
  /// moved still opens: a file that was elsewhere, but is here now under the same name, is taken
  /// from here.
  std::function<bool(const std::string& name)> is_beside;
  /// If set, state that weir cannot restore (of RocksDB, of channels, of source coordinators, …) is
  /// left out, with a sentence each. If null, such a file is refused.
  std::vector<std::string>* left_out = nullptr;
  /// If set, gets the operators that hosted a chain, and the result does not have them. If null,
  /// their state is one that weir cannot restore.
  std::vector<HostedChainState>* hosted = nullptr;
};
/// Reads versions 3 to 6 from bytes that nobody vouches for. DATA_LOSS: malformed.
/// FAILED_PRECONDITION: another version, or state that weir cannot restore; the sentence names it.
StatusOr<CheckpointMetadata> decode_metadata(std::string_view bytes,
                                             const MetadataDecoding& options);

}  // namespace weir
