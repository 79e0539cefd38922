#include "checkpoint/state_handle_reader.h"

#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/protocol/paths.h"

namespace weir {
namespace {

// Maximum nesting of handles (changelog); a damaged file must not exhaust the stack.
constexpr int kMaxDepth = 8;

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

}  // namespace

StateHandleReader::StateHandleReader(BinaryReader& in, const MetadataDecoding& options,
                                     const std::string& where)
    : in_(in), options_(options), where_(where), directory_(plain_directory(options.directory)) {}

HandleTag StateHandleReader::peek_tag() {
  const size_t at = in_.position();
  const auto tag = static_cast<HandleTag>(in_.get_i8());
  if (in_.ok()) in_.seek(at);
  return tag;
}

Status StateHandleReader::unknown_tag(std::string_view of, HandleTag tag) {
  WEIR_RETURN_IF_ERROR(in_.status("checkpoint metadata"));
  return data_loss(cat(where_, "there is no handle of ", of, " with tag ", static_cast<int>(tag),
                       " (before offset ", in_.position(), ")"));
}

StatusOr<std::optional<StateStream>> StateHandleReader::get_stream() {
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

int64_t StateHandleReader::get_size() {
  const int64_t size = in_.get_i64();
  if (size < 0) in_.fail("a negative size");
  return size;
}

std::string StateHandleReader::name_of(std::string path) const {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash + 1 == path.size()) return path;
  std::string name = path.substr(slash + 1);
  const std::string_view parent = std::string_view(path).substr(0, slash);
  if (parent.substr(parent.rfind('/') + 1) == kSharedDirectory && parse_shared_file_name(name))
    return shared_reference(name);
  if (!directory_.empty() && plain_directory(std::string_view(path).substr(0, slash)) == directory_)
    return name;
  if (options_.is_beside && options_.is_beside(name)) return name;
  return path;
}

StatusOr<std::optional<OperatorStateHandle>> StateHandleReader::get_operator_state() {
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
             .emplace(name, ListStateLocation{static_cast<ListStateMode>(mode), std::move(offsets)})
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

StatusOr<KeyedStateHandle> StateHandleReader::get_key_groups(int64_t least) {
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

StatusOr<std::optional<KeyedStateHandle>> StateHandleReader::get_layers() {
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

KeyGroupRange StateHandleReader::get_range() {
  const int32_t first = in_.get_i32();
  const int32_t count = in_.get_i32();
  if (first < 0 || count < 0 || first > kMaxKeyGroups || count > kMaxKeyGroups - first)
    in_.fail("an impossible range of key groups");
  return in_.ok() ? KeyGroupRange{first, first + count - 1} : KeyGroupRange{};
}

Status StateHandleReader::skip_named_streams() {
  const size_t count = in_.get_count(3);
  for (size_t i = 0; i < count && in_.ok(); ++i) {
    (void)in_.get_utf();
    WEIR_RETURN_IF_ERROR(skip_stream());
  }
  return {};
}

Status StateHandleReader::skip_keyed_states(int depth) {
  const size_t count = in_.get_count(1);
  for (size_t i = 0; i < count && in_.ok(); ++i) WEIR_RETURN_IF_ERROR(skip_keyed_state(depth));
  return {};
}

Status StateHandleReader::skip_keyed_state(int depth) {
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

}  // namespace weir
