#include "checkpoint/operator_stream.h"

#include <algorithm>
#include <limits>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/snappy_frames.h"
#include "checkpoint/state_header.h"

namespace weir {
namespace {

constexpr size_t kFlushBytes = 64 * 1024;
constexpr std::string_view kModeOption = "OPERATOR_STATE_DISTRIBUTION_MODE";
constexpr std::string_view kKeyRole = "KEY_SERIALIZER";
constexpr std::string_view kValueRole = "VALUE_SERIALIZER";
constexpr std::string_view kSplitName = "SPLIT_DISTRIBUTE";
constexpr std::string_view kUnionName = "UNION";
constexpr std::string_view kBroadcastName = "BROADCAST";

StatusOr<ListStateInfo> from_meta_info(StateMetaInfo info) {
  ListStateInfo list;
  list.name = info.name;
  const std::string& mode = info.options[std::string(kModeOption)];
  if (mode == kSplitName) {
    list.mode = ListStateMode::kSplit;
  } else if (mode == kUnionName) {
    list.mode = ListStateMode::kUnion;
  } else {
    return failed_precondition(cat("list state '", info.name, "' is handed out in the mode '", mode,
                                   "', which weir does not have"));
  }
  const auto value = info.serializers.find(std::string(kValueRole));
  if (info.kind != FlinkStateKind::kOperator || value == info.serializers.end()) {
    return data_loss(cat("list state '", info.name, "' is not described as one"));
  }
  list.element = std::move(value->second);
  return list;
}

StatusOr<ListStateInfo> from_broadcast_meta_info(StateMetaInfo info) {
  const auto key = info.serializers.find(std::string(kKeyRole));
  const auto value = info.serializers.find(std::string(kValueRole));
  if (info.kind != FlinkStateKind::kBroadcast || key == info.serializers.end() ||
      value == info.serializers.end()) {
    return data_loss(cat("broadcast state '", info.name, "' is not described as one"));
  }
  ListStateInfo list;
  list.name = std::move(info.name);
  list.mode = ListStateMode::kBroadcast;
  list.element.kind = TypeKind::kMap;
  list.element.flink_only = key->second.flink_only || value->second.flink_only;
  list.element.children = {std::move(key->second), std::move(value->second)};
  for (TypeDescription& child : list.element.children)
    child.flink_only = false;  // only at the root
  return list;
}

StateMetaInfo to_meta_info(const ListStateView& list) {
  StateMetaInfo info;
  info.name = list.name;
  if (list.mode == ListStateMode::kBroadcast) {
    info.kind = FlinkStateKind::kBroadcast;
    info.options[std::string(kModeOption)] = kBroadcastName;
    info.serializers[std::string(kKeyRole)] = list.element->children[0];
    info.serializers[std::string(kValueRole)] = list.element->children[1];
  } else {
    info.kind = FlinkStateKind::kOperator;
    info.options[std::string(kModeOption)] =
        list.mode == ListStateMode::kUnion ? kUnionName : kSplitName;
    info.serializers[std::string(kValueRole)] = *list.element;
  }
  return info;
}

Status put_infos(std::span<const ListStateView> lists, bool broadcast, BinaryWriter& out) {
  const auto is_of_kind = [&](const ListStateView& list) {
    return (list.mode == ListStateMode::kBroadcast) == broadcast;
  };
  out.put_i16(static_cast<int16_t>(std::count_if(lists.begin(), lists.end(), is_of_kind)));
  for (const ListStateView& list : lists) {
    if (!is_of_kind(list)) continue;
    WEIR_RETURN_IF_ERROR(check_header_name(list.name, "state name"));
    put_state_meta_info(out, to_meta_info(list));
  }
  return {};
}

StatusOr<size_t> get_state_count(BinaryReader& in) {
  const int16_t count = in.get_i16();
  if (count < 0) in.fail("a negative number of states");
  WEIR_RETURN_IF_ERROR(in.status("the header of operator state"));
  return static_cast<size_t>(count);
}

/// All offsets in a stream where an element or a state starts, ascending, and the stream's end.
std::vector<int64_t> starts(const OperatorStateHandle& handle) {
  std::vector<int64_t> all;
  for (const auto& [name, list] : handle.lists)
    all.insert(all.end(), list.offsets.begin(), list.offsets.end());
  all.push_back(stream_length(handle.stream));
  std::sort(all.begin(), all.end());
  return all;
}

StatusOr<StateCompression> read_compression(const ReadAt& read) {
  std::string memory;
  WEIR_ASSIGN_OR_RETURN(const std::string_view bytes, read(0, kStateHeaderStartBytes, &memory));
  BinaryReader in(bytes);
  return get_state_header_start(in);
}

}  // namespace

Status write_operator_state(std::span<const ListStateView> lists, const ByteSink& sink,
                            std::map<std::string, ListStateLocation>* locations) {
  if (lists.size() > kMaxStates) {
    return invalid_argument(cat("an operator has ", lists.size(), " list states; at most ",
                                kMaxStates, " fit into a checkpoint"));
  }
  BinaryWriter buffer;
  put_state_header_start(buffer, StateCompression::kNone);
  WEIR_RETURN_IF_ERROR(put_infos(lists, /*broadcast=*/false, buffer));
  WEIR_RETURN_IF_ERROR(put_infos(lists, /*broadcast=*/true, buffer));
  BinaryReader header(buffer.buffer());
  WEIR_RETURN_IF_ERROR(get_operator_header(header).status().with_context(
      "the description of list state could not be read again"));

  int64_t flushed = 0;
  locations->clear();
  for (const ListStateView& list : lists) {
    ListStateLocation& location = (*locations)[std::string(list.name)];
    location.mode = list.mode;
    for (const std::string& element : *list.elements) {
      if (element.empty())
        return internal_error(cat("an element of list state '", list.name, "' has no bytes"));
      location.offsets.push_back(flushed + static_cast<int64_t>(buffer.size()));
      buffer.put_raw(element);
      if (buffer.size() < kFlushBytes) continue;
      WEIR_RETURN_IF_ERROR(sink(buffer.buffer()));
      flushed += static_cast<int64_t>(buffer.size());
      buffer.clear();
    }
  }
  return sink(buffer.buffer());
}

StatusOr<OperatorStreamHeader> get_operator_header(BinaryReader& in) {
  WEIR_RETURN_IF_ERROR(get_state_header_start(in).status());
  OperatorStreamHeader header;
  WEIR_ASSIGN_OR_RETURN(const size_t lists, get_state_count(in));
  for (size_t i = 0; i < lists; ++i) {
    WEIR_ASSIGN_OR_RETURN(StateMetaInfo info, get_state_meta_info(in));
    WEIR_ASSIGN_OR_RETURN(ListStateInfo list, from_meta_info(std::move(info)));
    header.lists.push_back(std::move(list));
  }
  WEIR_ASSIGN_OR_RETURN(const size_t broadcast, get_state_count(in));
  for (size_t i = 0; i < broadcast; ++i) {
    WEIR_ASSIGN_OR_RETURN(StateMetaInfo info, get_state_meta_info(in));
    WEIR_ASSIGN_OR_RETURN(ListStateInfo list, from_broadcast_meta_info(std::move(info)));
    header.lists.push_back(std::move(list));
  }
  return header;
}

StatusOr<OperatorStreamHeader> read_operator_header(const OperatorStateHandle& handle,
                                                    const ReadAt& read) {
  std::string memory;
  WEIR_ASSIGN_OR_RETURN(
      const std::string_view bytes,
      read(0, std::clamp<int64_t>(starts(handle).front(), 0, stream_length(handle.stream)),
           &memory));
  BinaryReader in(bytes);
  return get_operator_header(in);
}

StatusOr<std::vector<std::string>> read_list_elements(const OperatorStateHandle& handle,
                                                      const std::string& list,
                                                      const std::vector<int>& indexes,
                                                      const ReadAt& read) {
  const auto found = handle.lists.find(list);
  if (found == handle.lists.end())
    return internal_error(cat("there is no list state '", list, "' to read"));
  const std::vector<int64_t> all = starts(handle);
  std::vector<std::string> elements;
  if (indexes.empty()) return elements;
  WEIR_ASSIGN_OR_RETURN(const StateCompression compression, read_compression(read));
  std::string memory;
  for (const int index : indexes) {
    if (index < 0 || static_cast<size_t>(index) >= found->second.offsets.size()) {
      return internal_error(cat("list state '", list, "' has no element ", index));
    }
    const int64_t offset = found->second.offsets[static_cast<size_t>(index)];
    const auto next = std::upper_bound(all.begin(), all.end(), offset);
    if (offset < 0 || offset > stream_length(handle.stream)) {
      return data_loss(cat("element ", index, " of list state '", list, "' is said to start at ",
                           offset, " of ", stream_length(handle.stream), " bytes"));
    }
    const int64_t end = next == all.end() ? offset : *next;
    WEIR_ASSIGN_OR_RETURN(const std::string_view bytes, read(offset, end - offset, &memory));
    if (compression == StateCompression::kNone) {
      elements.emplace_back(bytes);
      continue;
    }
    // Flink writes the identifier of the frames once, before all elements.
    const Status plain = read_snappy_chunks(bytes, &elements.emplace_back());
    WEIR_RETURN_IF_ERROR(plain.with_context(cat("element ", index, " of list state '", list, "'")));
  }
  return elements;
}

}  // namespace weir
