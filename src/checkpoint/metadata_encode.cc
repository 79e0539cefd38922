#include <algorithm>
#include <stdexcept>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/keyed_layers.h"
#include "checkpoint/metadata.h"
#include "checkpoint/metadata_format.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/state_header.h"
#include "weir/types/bytes.h"

namespace weir {
namespace {

class MetadataEncoder {
 public:
  MetadataEncoder(std::string_view directory, MetadataVersion version)
      : directory_(directory), version_(version) {}

  StatusOr<std::string> encode(const CheckpointMetadata& metadata) && {
    out_.put_i32(kMetadataMagic);
    out_.put_i32(static_cast<int32_t>(version_));
    out_.put_i64(metadata.checkpoint_id);
    out_.put_i32(0);  // states of master hooks; weir has none
    out_.put_count(metadata.operators.size());
    for (const OperatorSnapshotState& each : metadata.operators)
      WEIR_RETURN_IF_ERROR(put_operator(each));
    out_.put_raw(kNullProperties);
    return out_.take();
  }

 private:
  Status put_operator(const OperatorSnapshotState& op) {
    if (version_ == MetadataVersion::k6) {
      WEIR_RETURN_IF_ERROR(check_header_name(op.name, "operator name"));
      WEIR_RETURN_IF_ERROR(check_header_name(op.uid, "uid"));
      out_.put_utf(op.name);
      out_.put_utf(op.uid);
    }
    out_.put_raw(op.id.raw());
    out_.put_i32(op.parallelism);
    out_.put_i32(op.max_parallelism);
    // The coordinator's state, which is small.
    if (op.enumerator.empty()) {
      put_tag(HandleTag::kNone);
    } else {
      WEIR_RETURN_IF_ERROR(put_stream(InlineBytes{op.enumerator}));
    }
    if (op.finished) {
      out_.put_i32(kFinishedOperator);
      return {};
    }
    // Flink requires an entry for each subtask, with or without state.
    static const SubtaskState kNoState;
    out_.put_i32(op.parallelism);
    for (int i = 0; i < op.parallelism; ++i) {
      const auto found = op.subtasks.find(i);
      WEIR_RETURN_IF_ERROR(put_subtask(i, found == op.subtasks.end() ? kNoState : found->second));
    }
    return {};
  }

  Status put_subtask(int index, const SubtaskState& state) {
    if (state.finished) {
      out_.put_i32(-(index + 1));
      return {};
    }
    out_.put_i32(index);
    out_.put_i32(state.operator_state ? 1 : 0);
    if (state.operator_state) {
      put_tag(HandleTag::kOperatorState);
      out_.put_count(state.operator_state->lists.size());
      for (const auto& [name, list] : state.operator_state->lists) {
        WEIR_RETURN_IF_ERROR(check_header_name(name, "state name"));
        out_.put_utf(name);
        out_.put_i8(static_cast<int8_t>(list.mode));
        out_.put_count(list.offsets.size());
        for (const int64_t offset : list.offsets) out_.put_i64(offset);
      }
      WEIR_RETURN_IF_ERROR(put_stream(state.operator_state->stream));
    }
    out_.put_i32(0);  // raw operator state
    if (state.keyed_state) {
      if (state.keyed_state->heap_max_parallelism != 0) {
        return internal_error(
            "keyed state in the layout of Flink's heap backend is read, but not written");
      }
      WEIR_RETURN_IF_ERROR(put_keyed_state(*state.keyed_state));
    } else {
      put_tag(HandleTag::kNone);
    }
    put_tag(HandleTag::kNone);  // raw keyed state
    out_.put_i32(0);            // channel state: inputs
    out_.put_i32(0);            // channel state: results
    return {};
  }

  Status put_keyed_state(const KeyedStateHandle& handle) {
    if (handle.layers.empty()) return put_key_groups(handle);
    put_tag(HandleTag::kChangelogNumbered);
    put_range(handle.range);
    out_.put_i64(stream_bytes(handle));
    for (const bool changes : {false, true}) {
      out_.put_count(static_cast<size_t>(
          std::count_if(handle.layers.begin(), handle.layers.end(),
                        [&](const KeyedStateHandle& layer) { return layer.changes == changes; })));
      for (const KeyedStateHandle& layer : handle.layers) {
        if (layer.changes == changes) WEIR_RETURN_IF_ERROR(put_key_groups(layer));
      }
    }
    out_.put_i64(0);  // materialization
    out_.put_i64(0);  // checkpoint
    out_.put_utf(kLayersId);
    return {};
  }
  Status put_key_groups(const KeyedStateHandle& handle) {
    put_tag(HandleTag::kCanonicalKeyGroups);
    put_range(handle.range);
    for (const int64_t offset : handle.offsets) out_.put_i64(offset);
    return put_stream(handle.stream);
  }
  void put_range(KeyGroupRange range) {
    out_.put_i32(range.first);
    out_.put_i32(range.size());
  }

  Status put_stream(const StateStream& stream) {
    if (const auto* inlined = std::get_if<InlineBytes>(&stream)) {
      const std::string name = inlined->name.empty()
                                   ? join_path(directory_, cat("inline-", ++inline_names_))
                                   : inlined->name;
      WEIR_RETURN_IF_ERROR(check_header_name(name, "directory"));
      put_tag(HandleTag::kInline);
      out_.put_utf(name);
      out_.put_bytes(inlined->bytes);
      return {};
    }
    const auto& segment = std::get<FileSegment>(stream);
    const bool absolute =
        segment.file.starts_with('/') || segment.file.find("://") != std::string::npos;
    const std::string path = absolute ? segment.file : path_of(segment.file);
    WEIR_RETURN_IF_ERROR(check_header_name(path, "path"));
    put_tag(HandleTag::kSegment);
    out_.put_i64(segment.offset);
    out_.put_i64(segment.length);
    out_.put_i32(parse_shared_reference(segment.file) ? 1 : 0);  // scope: shared, or exclusive
    out_.put_utf(path);
    out_.put_utf(cat(segment.file, "@", segment.offset));
    return {};
  }

  std::string path_of(const std::string& file) const {
    if (!parse_shared_reference(file)) return join_path(directory_, file);
    const std::string job = directory_.substr(0, directory_.rfind('/'));
    return join_path(job, file.substr(file.find('/') + 1));
  }
  void put_tag(HandleTag tag) { out_.put_i8(static_cast<int8_t>(tag)); }

  const std::string directory_;
  const MetadataVersion version_;
  BinaryWriter out_;
  int inline_names_ = 0;
};

}  // namespace

StatusOr<std::string> encode_metadata(const CheckpointMetadata& metadata,
                                      std::string_view directory, MetadataVersion version) {
  try {
    return MetadataEncoder(directory, version).encode(metadata);
  } catch (const std::length_error& error) {
    return invalid_argument(cat("the metadata of checkpoint ", metadata.checkpoint_id,
                                " does not fit into its format: ", error.what()));
  }
}

}  // namespace weir
