#include "checkpoint/keyed_header.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/flink_types.h"

namespace weir {
namespace {

constexpr std::string_view kTypeOption = "KEYED_STATE_TYPE";
constexpr std::string_view kNamespaceRole = "NAMESPACE_SERIALIZER";
constexpr std::string_view kValueRole = "VALUE_SERIALIZER";

struct KindName {
  KeyedStateInfo::Kind kind;
  std::string_view name;
};
constexpr KindName kKindNames[] = {
    {KeyedStateInfo::Kind::kValue, "VALUE"},
    {KeyedStateInfo::Kind::kList, "LIST"},
    {KeyedStateInfo::Kind::kMap, "MAP"},
    {KeyedStateInfo::Kind::kReducing, "REDUCING"},
    {KeyedStateInfo::Kind::kAggregating, "AGGREGATING"},
};

TypeDescription nested(TypeKind kind, std::string_view name,
                       std::vector<TypeDescription> children) {
  TypeDescription type;
  type.kind = kind;
  type.name = name;
  type.children = std::move(children);
  return type;
}

StateMetaInfo to_meta_info(const TypeDescription& key_type, const KeyedStateInfo& state) {
  StateMetaInfo info;
  info.name = state.name;
  if (state.kind == KeyedStateInfo::Kind::kTimers) {
    info.kind = FlinkStateKind::kPriorityQueue;
    info.serializers[std::string(kValueRole)] =
        nested(TypeKind::kTuple, kTimerTuple, {key_type, state.name_space});
    return info;
  }
  info.kind = FlinkStateKind::kKeyValue;
  for (const KindName& each : kKindNames) {
    if (each.kind == state.kind) info.options[std::string(kTypeOption)] = each.name;
  }
  info.serializers[std::string(kNamespaceRole)] = state.name_space;
  info.serializers[std::string(kValueRole)] = state.kind == KeyedStateInfo::Kind::kList
                                                  ? nested(TypeKind::kList, "", {state.value})
                                                  : state.value;
  return info;
}

StatusOr<KeyedStateInfo> from_meta_info(StateMetaInfo info) {
  KeyedStateInfo state;
  state.name = info.name;
  const auto take = [&](std::string_view role) -> std::optional<TypeDescription> {
    const auto found = info.serializers.find(std::string(role));
    if (found == info.serializers.end()) return std::nullopt;
    return std::move(found->second);
  };
  auto value = take(kValueRole);
  if (!value) return data_loss(cat("state '", info.name, "' has no serializer for its values"));

  if (info.kind == FlinkStateKind::kPriorityQueue) {
    if (value->kind != TypeKind::kTuple || value->name != kTimerTuple) {
      return failed_precondition(
          cat("state '", info.name,
              "' is a queue of other things than timers, which weir does not have"));
    }
    state.kind = KeyedStateInfo::Kind::kTimers;
    state.name_space = value->children[1];
    state.name_space.flink_only = true;
    return state;
  }
  if (info.kind != FlinkStateKind::kKeyValue) {
    return failed_precondition(cat("state '", info.name, "' is of a kind that weir does not have (",
                                   static_cast<int>(info.kind), ")"));
  }
  auto name_space = take(kNamespaceRole);
  if (!name_space)
    return data_loss(cat("state '", info.name, "' has no serializer for its namespace"));
  if (name_space->kind != TypeKind::kVoid && name_space->kind != TypeKind::kTimeWindow) {
    return failed_precondition(cat("state '", info.name, "' has a namespace of type ",
                                   name_space->to_string(),
                                   "; weir has state per key and per time window"));
  }
  const std::string& type = info.options[std::string(kTypeOption)];
  const auto* kind = std::find_if(std::begin(kKindNames), std::end(kKindNames),
                                  [&](const KindName& k) { return k.name == type; });
  if (kind == std::end(kKindNames)) {
    return failed_precondition(
        cat("state '", info.name, "' is of the type '", type, "', which weir does not have"));
  }
  state.kind = kind->kind;
  state.name_space = *std::move(name_space);
  state.value = *std::move(value);
  if (state.kind == KeyedStateInfo::Kind::kList) {
    if (state.value.kind != TypeKind::kList)
      return data_loss(cat("list state '", info.name, "' has values that are no lists"));
    TypeDescription element = std::move(state.value.children[0]);
    state.value = std::move(element);
    state.value.flink_only = true;
  } else if (state.kind == KeyedStateInfo::Kind::kMap && state.value.kind != TypeKind::kMap) {
    return data_loss(cat("map state '", info.name, "' has values that are no maps"));
  }
  return state;
}

}  // namespace

void put_keyed_header(BinaryWriter& out, const TypeDescription& key_type,
                      const std::vector<KeyedStateInfo>& states, StateCompression compression) {
  put_state_header_start(out, compression);
  put_serializer_snapshot(out, key_type);
  out.put_i16(static_cast<int16_t>(states.size()));
  for (const KeyedStateInfo& state : states)
    put_state_meta_info(out, to_meta_info(key_type, state));
}

StatusOr<KeyedStreamHeader> get_keyed_header(BinaryReader& in) {
  KeyedStreamHeader header;
  WEIR_ASSIGN_OR_RETURN(header.compression, get_state_header_start(in));
  auto key = get_serializer_snapshot(in);
  if (!key.ok()) return key.status().with_context("the key");
  header.key_type = std::move(key).value();
  const int16_t count = in.get_i16();
  if (count < 0) in.fail("a negative number of states");
  WEIR_RETURN_IF_ERROR(in.status("the header of keyed state"));
  for (int i = 0; i < count; ++i) {
    WEIR_ASSIGN_OR_RETURN(StateMetaInfo info, get_state_meta_info(in));
    WEIR_ASSIGN_OR_RETURN(KeyedStateInfo state, from_meta_info(std::move(info)));
    header.states.push_back(std::move(state));
  }
  return header;
}

}  // namespace weir
