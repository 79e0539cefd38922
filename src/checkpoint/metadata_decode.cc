#include <cstdint>
#include <map>
#include <optional>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/enumerator_state.h"
#include "checkpoint/hosted_state.h"
#include "checkpoint/metadata.h"
#include "checkpoint/metadata_format.h"
#include "checkpoint/state_handle_reader.h"
#include "weir/types/bytes.h"

namespace weir {
namespace {

constexpr int64_t kNoGroup = -1;  // in place of an offset in a raw stream

class MetadataDecoder {
 public:
  MetadataDecoder(std::string_view bytes, const MetadataDecoding& options)
      : in_(bytes), options_(options) {}

  StatusOr<CheckpointMetadata> decode() && {
    if (in_.get_i32() != kMetadataMagic)
      return data_loss("the metadata does not begin as Flink's does; is it another file?");
    version_ = in_.get_i32();
    if (in_.ok() && (version_ < 3 || version_ > 6)) {
      return failed_precondition(
          cat("the metadata is in version ", version_,
              " of Flink's format; weir reads versions 3 to 6 (Flink 1.11 to 2.3)"));
    }
    CheckpointMetadata metadata;
    metadata.checkpoint_id = in_.get_i64();
    if (metadata.checkpoint_id < 0) in_.fail("a negative checkpoint id");
    WEIR_RETURN_IF_ERROR(skip_master_states());
    const size_t operators = in_.get_count(16 + 4 + 4 + 1 + 4);
    for (size_t i = 0; i < operators && in_.ok(); ++i) {
      WEIR_ASSIGN_OR_RETURN(ReadOperator read, get_operator());
      if (options_.hosted != nullptr && (read.has_hosted_lists || read.coordinator)) {
        options_.hosted->push_back(hosted_chain(std::move(read)));
      } else {
        WEIR_RETURN_IF_ERROR(refuse_raw_state(read));
        metadata.operators.push_back(std::move(read.op));
      }
    }
    if (version_ >= 4) {
      if (in_.get_raw(kJavaStreamMagic.size()) != kJavaStreamMagic)
        in_.fail("no checkpoint properties");
    } else {
      in_.expect_end();
    }
    WEIR_RETURN_IF_ERROR(in_.status("checkpoint metadata"));
    return metadata;
  }

 private:
  /// Skips state that weir cannot restore, or returns the reason to refuse the file.
  Status refuse(std::string_view what) {
    WEIR_RETURN_IF_ERROR(in_.status("checkpoint metadata"));
    const std::string sentence = cat(where_, what);
    if (options_.left_out == nullptr)
      return failed_precondition(cat("weir cannot restore this snapshot: ", sentence));
    options_.left_out->push_back(sentence);
    return {};
  }

  Status skip_master_states() {
    const size_t count = in_.get_count(8);
    for (size_t i = 0; i < count && in_.ok(); ++i) {
      if (const int32_t magic = in_.get_i32(); magic != kMasterStateMagic)
        in_.fail("no magic number of a master state");
      BinaryReader state(in_.get_bytes());
      (void)state.get_i32();
      const std::string name = state.get_utf();
      (void)state.get_bytes();
      state.expect_end();
      if (!state.ok()) in_.fail("a malformed master state");
      if (in_.ok())
        WEIR_RETURN_IF_ERROR(refuse(cat("it has state of the master hook '", name, "'")));
    }
    return in_.status("checkpoint metadata");
  }

  /// An operator, with state that only Flink's own operators or hosted chains have.
  struct ReadOperator {
    OperatorSnapshotState op;
    std::optional<StateStream> coordinator;
    std::map<int, KeyedStateHandle> raw_keyed;  ///< by subtask
    bool has_raw_keyed = false;
    bool has_raw_operator = false;
    bool has_hosted_lists = false;
  };

  static HostedChainState hosted_chain(ReadOperator read) {
    // For a chain, Flink has no other keyed state.
    for (auto& [subtask, state] : read.op.subtasks) state.keyed_state.reset();
    for (auto& [subtask, handle] : read.raw_keyed)
      read.op.subtasks[subtask].keyed_state = std::move(handle);
    return {std::move(read.op), std::move(read.coordinator)};
  }

  Status refuse_raw_state(const ReadOperator& read) {
    if (read.coordinator)
      WEIR_RETURN_IF_ERROR(refuse("the state of its coordinator belongs to Flink's sources"));
    if (read.has_raw_operator)
      WEIR_RETURN_IF_ERROR(
          refuse("it has raw operator state, which only a Flink operator understands"));
    if (read.has_raw_keyed)
      WEIR_RETURN_IF_ERROR(
          refuse("it has raw keyed state, which only a Flink operator understands"));
    return {};
  }

  StatusOr<ReadOperator> get_operator() {
    ReadOperator read;
    OperatorSnapshotState& op = read.op;
    if (version_ >= 5) {
      op.name = in_.get_utf();
      op.uid = in_.get_utf();
    }
    op.id = OperatorId::from_raw(in_.get_raw(sizeof(OperatorId::bytes)));
    where_ = cat("operator ", op.uid.empty() ? op.id.to_hex() : cat("'", op.uid, "'"), ": ");
    op.parallelism = in_.get_i32();
    op.max_parallelism = in_.get_i32();
    if (op.parallelism < 1 || op.max_parallelism < op.parallelism ||
        op.max_parallelism > kMaxKeyGroups)
      in_.fail("an impossible parallelism");
    WEIR_ASSIGN_OR_RETURN(read.coordinator, handles_.get_stream());
    if (read.coordinator) take_enumerator(read);

    const int32_t count = in_.get_i32();
    if (count == kFinishedOperator) {
      op.finished = true;
    } else if (count < 0 || count > op.parallelism) {
      in_.fail("an impossible number of subtasks");
    }
    for (int32_t i = 0; i < count && in_.ok(); ++i) {
      const int32_t marked = in_.get_i32();
      const int32_t index = marked < 0 ? -(marked + 1) : marked;
      if (index >= op.parallelism) in_.fail("a subtask beyond the parallelism");
      SubtaskState state;
      state.finished = marked < 0;
      if (!state.finished) { WEIR_ASSIGN_OR_RETURN(state, get_subtask(index, read)); }
      if (!in_.ok()) break;
      if (!state.finished && !state.operator_state && !state.keyed_state) continue;
      if (!op.subtasks.emplace(index, std::move(state)).second) in_.fail("the same subtask twice");
    }
    WEIR_RETURN_IF_ERROR(in_.status("checkpoint metadata"));
    return read;
  }

  /// Coordinator state that weir wrote itself.
  static void take_enumerator(ReadOperator& read) {
    auto* inlined = std::get_if<InlineBytes>(&*read.coordinator);
    if (inlined == nullptr || !is_enumerator_state(inlined->bytes)) return;
    read.op.enumerator = std::move(inlined->bytes);
    read.coordinator.reset();
  }

  StatusOr<SubtaskState> get_subtask(int index, ReadOperator& read) {
    SubtaskState state;
    if (get_presence()) {
      WEIR_ASSIGN_OR_RETURN(state.operator_state, handles_.get_operator_state());
      if (state.operator_state &&
          state.operator_state->lists.contains(std::string(kHostedUnionList)))
        read.has_hosted_lists = true;
    }
    if (get_presence()) {
      WEIR_RETURN_IF_ERROR(handles_.get_operator_state().status());
      read.has_raw_operator = true;
    }
    WEIR_ASSIGN_OR_RETURN(state.keyed_state, get_keyed_state(read.op.max_parallelism));
    switch (handles_.peek_tag()) {
      case HandleTag::kNone: (void)in_.get_i8(); break;
      case HandleTag::kKeyGroups:
      case HandleTag::kHeapKeyGroups: {
        read.has_raw_keyed = true;
        WEIR_ASSIGN_OR_RETURN(read.raw_keyed[index], handles_.get_key_groups(kNoGroup));
        break;
      }
      default:
        read.has_raw_keyed = true;
        WEIR_RETURN_IF_ERROR(handles_.skip_keyed_state(0));
        break;
    }
    for (const char* side : {"inputs", "results"}) {
      const size_t channels = in_.get_count(4);
      for (size_t i = 0; i < channels && in_.ok(); ++i) WEIR_RETURN_IF_ERROR(skip_channel_state());
      if (channels > 0 && in_.ok()) {
        WEIR_RETURN_IF_ERROR(refuse(cat("it has records in flight to its ", side,
                                        " (an unaligned checkpoint); take a savepoint, or an "
                                        "aligned checkpoint, with Flink first")));
      }
    }
    return state;
  }

  bool get_presence() {
    const int32_t present = in_.get_i32();
    if (present != 0 && present != 1) in_.fail("neither state nor none");
    return in_.ok() && present == 1;
  }

  StatusOr<std::optional<KeyedStateHandle>> get_keyed_state(int max_parallelism) {
    const HandleTag tag = handles_.peek_tag();
    const bool heap = tag == HandleTag::kKeyGroups || tag == HandleTag::kHeapKeyGroups;
    if (tag == HandleTag::kCanonicalKeyGroups || heap) {
      WEIR_ASSIGN_OR_RETURN(KeyedStateHandle handle, handles_.get_key_groups(0));
      if (heap) handle.heap_max_parallelism = max_parallelism;
      return std::optional<KeyedStateHandle>(std::move(handle));
    }
    if (tag == HandleTag::kChangelogNumbered) {
      const size_t at = in_.position();
      WEIR_ASSIGN_OR_RETURN(auto layers, handles_.get_layers());
      if (layers) return layers;
      in_.seek(at);
    }
    WEIR_RETURN_IF_ERROR(handles_.skip_keyed_state(0));
    if (tag != HandleTag::kNone) WEIR_RETURN_IF_ERROR(refuse(why_not(tag)));
    return std::optional<KeyedStateHandle>();
  }

  static std::string why_not(HandleTag tag) {
    constexpr std::string_view kAdvice =
        "; take a savepoint in canonical format with Flink and restore that";
    switch (tag) {
      case HandleTag::kIncremental:
      case HandleTag::kIncrementalSized:
        return cat("its keyed state consists of RocksDB's files", kAdvice);
      default: return cat("its keyed state is a changelog", kAdvice);
    }
  }

  Status skip_channel_state() {
    int8_t type = 1;
    if (version_ >= 6) type = in_.get_i8();
    (void)in_.get_i32();
    if (type == 1 || type == 2) {
      (void)in_.get_i32();
      (void)in_.get_i32();
      const size_t offsets = in_.get_count(8);
      (void)in_.get_raw(offsets * 8);
      (void)in_.get_i64();
      return handles_.skip_stream();
    }
    if (type != 3 && type != 4) in_.fail("an unknown kind of channel state");
    (void)in_.get_i64();
    WEIR_RETURN_IF_ERROR(handles_.skip_stream());
    (void)in_.get_bytes();
    return in_.status("checkpoint metadata");
  }

  BinaryReader in_;
  const MetadataDecoding& options_;
  int version_ = 0;
  std::string where_;
  StateHandleReader handles_{in_, options_, where_};
};

}  // namespace

StatusOr<CheckpointMetadata> decode_metadata(std::string_view bytes,
                                             const MetadataDecoding& options) {
  return MetadataDecoder(bytes, options).decode();
}

}  // namespace weir
