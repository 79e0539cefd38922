#include <cstdint>
#include <map>
#include <optional>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/enumerator_state.h"
#include "checkpoint/hosted_state.h"
#include "checkpoint/metadata.h"
#include "checkpoint/metadata_format.h"
#include "checkpoint/protocol/paths.h"
#include "weir/types/bytes.h"

namespace weir {
namespace {

// Maximum nesting of handles (changelog); a damaged file must not exhaust the stack.
constexpr int kMaxDepth = 8;
constexpr int32_t kMaxKeyGroups = 32768;
constexpr int64_t kNoGroup = -1;  // in place of an offset in a raw stream

/// "file:///a/b/" and "/a/b" are the same directory.
std::string plain_directory(std::string_view uri) {
  std::string path(uri);
  if (path.starts_with("file:")) path.erase(0, 5);
  if (path.starts_with("//"))
    path.erase(0, path.find_first_not_of('/') == std::string::npos
                      ? path.size()
                      : path.find_first_not_of('/') - 1);
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

class MetadataDecoder {
 public:
  MetadataDecoder(std::string_view bytes, const MetadataDecoding& options)
      : in_(bytes), options_(options), directory_(plain_directory(options.directory)) {}

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
      if (in_.get_i32() != kMasterStateMagic) in_.fail("no magic number of a master state");
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
    WEIR_ASSIGN_OR_RETURN(read.coordinator, get_stream());
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
      WEIR_ASSIGN_OR_RETURN(state.operator_state, get_operator_state());
      if (state.operator_state &&
          state.operator_state->lists.contains(std::string(kHostedUnionList)))
        read.has_hosted_lists = true;
    }
    if (get_presence()) {
      WEIR_RETURN_IF_ERROR(get_operator_state().status());
      read.has_raw_operator = true;
    }
    WEIR_ASSIGN_OR_RETURN(state.keyed_state, get_keyed_state(read.op.max_parallelism));
    switch (peek_tag()) {
      case HandleTag::kNone: (void)in_.get_i8(); break;
      case HandleTag::kKeyGroups:
      case HandleTag::kHeapKeyGroups: {
        read.has_raw_keyed = true;
        WEIR_ASSIGN_OR_RETURN(read.raw_keyed[index], get_key_groups(kNoGroup));
        break;
      }
      default:
        read.has_raw_keyed = true;
        WEIR_RETURN_IF_ERROR(skip_keyed_state(0));
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

  HandleTag peek_tag() {
    const size_t at = in_.position();
    const auto tag = static_cast<HandleTag>(in_.get_i8());
    if (in_.ok()) in_.seek(at);
    return tag;
  }

  Status unknown_tag(std::string_view of, HandleTag tag) {
    WEIR_RETURN_IF_ERROR(in_.status("checkpoint metadata"));
    return data_loss(cat(where_, "there is no handle of ", of, " with tag ", static_cast<int>(tag),
                         " (before offset ", in_.position(), ")"));
  }

  /// Nothing for "none" and for an empty segment.
  StatusOr<std::optional<StateStream>> get_stream() {
    const auto tag = static_cast<HandleTag>(in_.get_i8());
    WEIR_RETURN_IF_ERROR(in_.status("checkpoint metadata"));
    switch (tag) {
      case HandleTag::kNone:
      case HandleTag::kEmptySegment: return std::optional<StateStream>();
      case HandleTag::kInline: {
        InlineBytes inlined;
        inlined.name = in_.get_utf();
        inlined.bytes = in_.get_bytes();
        return std::optional<StateStream>(std::move(inlined));
      }
      case HandleTag::kFile: {
        const int64_t size = get_size();
        return std::optional<StateStream>(FileSegment{name_of(in_.get_utf()), 0, size});
      }
      case HandleTag::kRelativeFile: {
        std::string path = in_.get_utf();
        return std::optional<StateStream>(FileSegment{std::move(path), 0, get_size()});
      }
      case HandleTag::kSegment: {
        const int64_t start = get_size();
        const int64_t size = get_size();
        if (const int32_t scope = in_.get_i32(); scope != 0 && scope != 1)
          in_.fail("an unknown scope of a file");
        std::string path = name_of(in_.get_utf());
        (void)in_.get_utf();
        return std::optional<StateStream>(FileSegment{std::move(path), start, size});
      }
      default: break;
    }
    return unknown_tag("a stream", tag);
  }

  int64_t get_size() {
    const int64_t size = in_.get_i64();
    if (size < 0) in_.fail("a negative size");
    return size;
  }

  /// Relative to the directory if the file is there, or was elsewhere and is here now.
  std::string name_of(std::string path) const {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos || slash + 1 == path.size()) return path;
    std::string name = path.substr(slash + 1);
    const std::string_view parent = std::string_view(path).substr(0, slash);
    if (parent.substr(parent.rfind('/') + 1) == kSharedDirectory && parse_shared_file_name(name))
      return shared_reference(name);
    if (!directory_.empty() &&
        plain_directory(std::string_view(path).substr(0, slash)) == directory_)
      return name;
    if (options_.is_beside && options_.is_beside(name)) return name;
    return path;
  }

  StatusOr<std::optional<OperatorStateHandle>> get_operator_state() {
    const auto tag = static_cast<HandleTag>(in_.get_i8());
    if (tag == HandleTag::kNone) return std::optional<OperatorStateHandle>();
    if (tag != HandleTag::kOperatorState && tag != HandleTag::kMergedOperatorState)
      return unknown_tag("operator state", tag);
    OperatorStateHandle handle;
    const size_t states = in_.get_count(2 + 1 + 4);
    for (size_t i = 0; i < states && in_.ok(); ++i) {
      const std::string name = in_.get_utf();
      const int8_t mode = in_.get_i8();
      std::vector<int64_t> offsets(in_.get_count(8));
      for (int64_t& offset : offsets) offset = get_size();
      if (mode < 0 || mode > static_cast<int8_t>(ListStateMode::kBroadcast))
        in_.fail("an unknown mode of operator state");
      if (!handle.lists
               .emplace(name,
                        ListStateLocation{static_cast<ListStateMode>(mode), std::move(offsets)})
               .second) {
        in_.fail("the same operator state twice");
      }
    }
    if (tag == HandleTag::kMergedOperatorState) {
      (void)in_.get_utf();
      (void)in_.get_utf();
      (void)in_.get_bool();
    }
    WEIR_ASSIGN_OR_RETURN(auto stream, get_stream());
    if (!stream) return std::optional<OperatorStateHandle>();
    handle.stream = *std::move(stream);
    return std::optional<OperatorStateHandle>(std::move(handle));
  }

  /// A stream with an offset for each key group; an offset is at least `least`.
  StatusOr<KeyedStateHandle> get_key_groups(int64_t least) {
    const auto tag = static_cast<HandleTag>(in_.get_i8());
    KeyedStateHandle handle;
    handle.range = get_range();
    handle.offsets.resize(in_.ok() ? static_cast<size_t>(handle.range.size()) : 0);
    for (int64_t& offset : handle.offsets) {
      offset = in_.get_i64();
      if (offset < least) in_.fail("a negative offset");
    }
    WEIR_ASSIGN_OR_RETURN(auto stream, get_stream());
    if (!stream) in_.fail("keyed state without a stream");
    if (tag == HandleTag::kHeapKeyGroups) (void)in_.get_utf();
    WEIR_RETURN_IF_ERROR(in_.status("checkpoint metadata"));
    handle.stream = *std::move(stream);
    return handle;
  }

  StatusOr<std::optional<KeyedStateHandle>> get_keyed_state(int max_parallelism) {
    const HandleTag tag = peek_tag();
    const bool heap = tag == HandleTag::kKeyGroups || tag == HandleTag::kHeapKeyGroups;
    if (tag == HandleTag::kCanonicalKeyGroups || heap) {
      WEIR_ASSIGN_OR_RETURN(KeyedStateHandle handle, get_key_groups(0));
      if (heap) handle.heap_max_parallelism = max_parallelism;
      return std::optional<KeyedStateHandle>(std::move(handle));
    }
    if (tag == HandleTag::kChangelogNumbered) {
      const size_t at = in_.position();
      WEIR_ASSIGN_OR_RETURN(auto layers, get_layers());
      if (layers) return layers;
      in_.seek(at);
    }
    WEIR_RETURN_IF_ERROR(skip_keyed_state(0));
    if (tag != HandleTag::kNone) WEIR_RETURN_IF_ERROR(refuse(why_not(tag)));
    return std::optional<KeyedStateHandle>();
  }

  /// Nothing if the handle is Flink's, or malformed.
  StatusOr<std::optional<KeyedStateHandle>> get_layers() {
    const std::optional<KeyedStateHandle> not_ours;
    (void)in_.get_i8();
    KeyedStateHandle handle;
    handle.range = get_range();
    (void)in_.get_i64();
    for (const bool changes : {false, true}) {
      const size_t count = in_.get_count(1);
      for (size_t i = 0; i < count && in_.ok(); ++i) {
        if (peek_tag() != HandleTag::kCanonicalKeyGroups) return not_ours;
        WEIR_ASSIGN_OR_RETURN(KeyedStateHandle layer, get_key_groups(-INT64_MAX));
        if (!(layer.range == handle.range)) return not_ours;
        layer.changes = changes;
        handle.layers.push_back(std::move(layer));
      }
    }
    (void)in_.get_i64();
    (void)in_.get_i64();
    const std::string id = in_.get_utf();
    WEIR_RETURN_IF_ERROR(in_.status("checkpoint metadata"));
    if (id != kLayersId) return not_ours;
    if (handle.layers.empty()) return data_loss(cat(where_, "its keyed state has no layers"));
    return std::optional<KeyedStateHandle>(std::move(handle));
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

  KeyGroupRange get_range() {
    const int32_t first = in_.get_i32();
    const int32_t count = in_.get_i32();
    if (first < 0 || count < 0 || first > kMaxKeyGroups || count > kMaxKeyGroups - first)
      in_.fail("an impossible range of key groups");
    return in_.ok() ? KeyGroupRange{first, first + count - 1} : KeyGroupRange{};
  }

  Status skip_stream() { return get_stream().status(); }

  Status skip_named_streams() {
    const size_t count = in_.get_count(3);
    for (size_t i = 0; i < count && in_.ok(); ++i) {
      (void)in_.get_utf();
      WEIR_RETURN_IF_ERROR(skip_stream());
    }
    return {};
  }

  Status skip_keyed_states(int depth) {
    const size_t count = in_.get_count(1);
    for (size_t i = 0; i < count && in_.ok(); ++i) WEIR_RETURN_IF_ERROR(skip_keyed_state(depth));
    return {};
  }

  Status skip_keyed_state(int depth) {
    if (depth > kMaxDepth) in_.fail("handles inside handles, too deep");
    const auto tag = static_cast<HandleTag>(in_.get_i8());
    WEIR_RETURN_IF_ERROR(in_.status("checkpoint metadata"));
    switch (tag) {
      case HandleTag::kNone: return {};
      case HandleTag::kKeyGroups:
      case HandleTag::kHeapKeyGroups:
      case HandleTag::kCanonicalKeyGroups: {
        const KeyGroupRange range = get_range();
        (void)in_.get_raw(static_cast<size_t>(range.size()) * 8);
        WEIR_RETURN_IF_ERROR(skip_stream());
        if (tag == HandleTag::kHeapKeyGroups) (void)in_.get_utf();
        break;
      }
      case HandleTag::kIncremental:
      case HandleTag::kIncrementalSized:
        (void)in_.get_i64();
        (void)in_.get_utf();
        (void)get_range();
        if (tag == HandleTag::kIncrementalSized) (void)in_.get_i64();
        WEIR_RETURN_IF_ERROR(skip_stream());
        WEIR_RETURN_IF_ERROR(skip_named_streams());
        WEIR_RETURN_IF_ERROR(skip_named_streams());
        if (tag == HandleTag::kIncrementalSized) (void)in_.get_utf();
        break;
      case HandleTag::kChangelog:
      case HandleTag::kChangelogNumbered:
        (void)get_range();
        (void)in_.get_i64();
        WEIR_RETURN_IF_ERROR(skip_keyed_states(depth + 1));
        WEIR_RETURN_IF_ERROR(skip_keyed_states(depth + 1));
        (void)in_.get_i64();
        if (tag == HandleTag::kChangelogNumbered) (void)in_.get_i64();
        (void)in_.get_utf();
        break;
      case HandleTag::kChangelogInMemory: {
        (void)get_range();
        (void)in_.get_i64();
        (void)in_.get_i64();
        const size_t changes = in_.get_count(8);
        for (size_t i = 0; i < changes && in_.ok(); ++i) {
          (void)in_.get_i32();
          (void)in_.get_bytes();
        }
        (void)in_.get_utf();
        break;
      }
      case HandleTag::kChangelogFiles:
      case HandleTag::kChangelogFilesNamed: {
        (void)get_range();
        const size_t files = in_.get_count(9);
        for (size_t i = 0; i < files && in_.ok(); ++i) {
          (void)in_.get_i64();
          WEIR_RETURN_IF_ERROR(skip_stream());
        }
        (void)in_.get_i64();
        (void)in_.get_i64();
        (void)in_.get_utf();
        if (tag == HandleTag::kChangelogFilesNamed) (void)in_.get_utf();
        break;
      }
      default: return unknown_tag("keyed state", tag);
    }
    return in_.status("checkpoint metadata");
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
      return skip_stream();
    }
    if (type != 3 && type != 4) in_.fail("an unknown kind of channel state");
    (void)in_.get_i64();
    WEIR_RETURN_IF_ERROR(skip_stream());
    (void)in_.get_bytes();
    return in_.status("checkpoint metadata");
  }

  BinaryReader in_;
  const MetadataDecoding& options_;
  const std::string directory_;
  int version_ = 0;
  std::string where_;
};

}  // namespace

StatusOr<CheckpointMetadata> decode_metadata(std::string_view bytes,
                                             const MetadataDecoding& options) {
  return MetadataDecoder(bytes, options).decode();
}

}  // namespace weir
