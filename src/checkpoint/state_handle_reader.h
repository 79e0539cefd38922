#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "checkpoint/metadata.h"
#include "checkpoint/metadata_format.h"
#include "weir/types/bytes.h"

namespace weir {

/// Reads the handles of state in `_metadata`: those that weir restores, and past the others. If the
/// bytes are malformed, `in` has failed; a Status has the reason in words.
class StateHandleReader {
 public:
  /// All outlive the reader. `where` begins messages.
  StateHandleReader(BinaryReader& in, const MetadataDecoding& options, const std::string& where);

  /// The tag of the next handle, which is not taken.
  HandleTag peek_tag();
  /// Nothing for "none" and for an empty segment.
  StatusOr<std::optional<StateStream>> get_stream();
  StatusOr<std::optional<OperatorStateHandle>> get_operator_state();
  /// A stream with an offset for each key group; an offset is at least `least`.
  StatusOr<KeyedStateHandle> get_key_groups(int64_t least);
  /// Nothing if the handle is Flink's, or malformed.
  StatusOr<std::optional<KeyedStateHandle>> get_layers();

  Status skip_stream() { return get_stream().status(); }
  /// `depth`: how many handles this one is inside of.
  Status skip_keyed_state(int depth);

 private:
  Status unknown_tag(std::string_view of, HandleTag tag);
  int64_t get_size();
  KeyGroupRange get_range();
  /// Relative to the directory if the file is there, or was elsewhere and is here now.
  std::string name_of(std::string path) const;
  Status skip_named_streams();
  Status skip_keyed_states(int depth);

  BinaryReader& in_;
  const MetadataDecoding& options_;
  const std::string& where_;
  const std::string directory_;
};

}  // namespace weir
