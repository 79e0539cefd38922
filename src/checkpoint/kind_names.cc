#include "checkpoint/kind_names.h"

namespace weir {
namespace {

struct TypeKindName {
  TypeKind kind;
  const char* name;
};
constexpr TypeKindName kTypeKinds[] = {
    {TypeKind::kBool, "bool"},
    {TypeKind::kInt8, "int8"},
    {TypeKind::kInt16, "int16"},
    {TypeKind::kInt32, "int32"},
    {TypeKind::kInt64, "int64"},
    {TypeKind::kUint8, "uint8"},
    {TypeKind::kUint16, "uint16"},
    {TypeKind::kUint32, "uint32"},
    {TypeKind::kUint64, "uint64"},
    {TypeKind::kFloat, "float"},
    {TypeKind::kDouble, "double"},
    {TypeKind::kString, "string"},
    {TypeKind::kBytes, "bytes"},
    {TypeKind::kEnum, "enum"},
    {TypeKind::kOptional, "optional"},
    {TypeKind::kVariant, "variant"},
    {TypeKind::kTuple, "tuple"},
    {TypeKind::kStruct, "struct"},
    {TypeKind::kArray, "array"},
    {TypeKind::kList, "list"},
    {TypeKind::kSet, "set"},
    {TypeKind::kMap, "map"},
    {TypeKind::kDuration, "duration"},
    {TypeKind::kTimePoint, "time_point"},
    {TypeKind::kUser, "user"},
    {TypeKind::kVoid, "void"},
    {TypeKind::kTimeWindow, "time_window"},
};

struct KeyedKindName {
  KeyedStateInfo::Kind kind;
  const char* name;
};
constexpr KeyedKindName kKeyedKinds[] = {
    {KeyedStateInfo::Kind::kValue, "value"},
    {KeyedStateInfo::Kind::kList, "list"},
    {KeyedStateInfo::Kind::kMap, "map"},
    {KeyedStateInfo::Kind::kReducing, "reducing"},
    {KeyedStateInfo::Kind::kAggregating, "aggregating"},
    {KeyedStateInfo::Kind::kTimers, "timers"},
};

template <class Table, class Kind>
const char* name_in(const Table& table, Kind kind) {
  for (const auto& each : table) {
    if (each.kind == kind) return each.name;
  }
  return "?";
}
template <class Kind, class Table>
std::optional<Kind> kind_in(const Table& table, std::string_view name) {
  for (const auto& each : table) {
    if (each.name == name) return each.kind;
  }
  return std::nullopt;
}

}  // namespace

const char* kind_name(TypeKind kind) { return name_in(kTypeKinds, kind); }
const char* kind_name(KeyedStateInfo::Kind kind) { return name_in(kKeyedKinds, kind); }

std::optional<TypeKind> type_kind_of(std::string_view name) {
  return kind_in<TypeKind>(kTypeKinds, name);
}
std::optional<KeyedStateInfo::Kind> keyed_kind_of(std::string_view name) {
  return kind_in<KeyedStateInfo::Kind>(kKeyedKinds, name);
}

bool has_all_parts(const TypeDescription& type) {
  switch (type.kind) {
    case TypeKind::kEnum:
    case TypeKind::kOptional:
    case TypeKind::kArray:
    case TypeKind::kList:
    case TypeKind::kSet:
    case TypeKind::kDuration:
    case TypeKind::kTimePoint: return type.children.size() == 1;
    case TypeKind::kMap: return type.children.size() == 2;
    case TypeKind::kStruct: return type.children.size() == type.field_names.size();
    default: return true;
  }
}

}  // namespace weir
