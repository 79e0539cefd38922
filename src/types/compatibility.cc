#include "types/compatibility.h"

#include "weir/types/fields.h"

namespace weir {
namespace {

TypeDescription of_kind(TypeKind kind) {
  TypeDescription type;
  type.kind = kind;
  return type;
}

std::string as(const TypeDescription& stored, const TypeDescription& declared) {
  return "stored as " + stored.to_string() + ", declared as " + declared.to_string();
}

std::string part_name(const TypeDescription& declared, size_t i) {
  switch (declared.kind) {
    case TypeKind::kStruct:
    case TypeKind::kTuple:
      return "field '" +
             (i < declared.field_names.size() ? declared.field_names[i] : std::to_string(i)) + "'";
    case TypeKind::kMap: return i == 0 ? "keys" : "values";
    case TypeKind::kVariant: return "alternative " + std::to_string(i);
    default: return "elements";
  }
}

bool has_parts(TypeKind kind) {
  return kind == TypeKind::kStruct || kind == TypeKind::kTuple || kind == TypeKind::kVariant ||
         kind == TypeKind::kMap || kind == TypeKind::kOptional || kind == TypeKind::kArray ||
         kind == TypeKind::kList || kind == TypeKind::kSet;
}

std::optional<std::string> difference(const TypeDescription& stored,
                                      const TypeDescription& declared, bool names_known) {
  if (stored.kind != declared.kind || stored.fixed_size != declared.fixed_size)
    return as(stored, declared);
  const bool name_counts = stored.kind == TypeKind::kUser || stored.kind == TypeKind::kDuration ||
                           stored.kind == TypeKind::kTimePoint;
  if (name_counts && stored.name != declared.name) return as(stored, declared);

  const size_t both = std::min(stored.children.size(), declared.children.size());
  for (size_t i = 0; i < both; ++i) {
    if (names_known && i < stored.field_names.size() && i < declared.field_names.size() &&
        stored.field_names[i] != declared.field_names[i]) {
      return "field " + std::to_string(i + 1) + ": stored under the name '" +
             stored.field_names[i] + "', declared as '" + declared.field_names[i] + "'";
    }
    if (auto inner = difference(stored.children[i], declared.children[i], names_known)) {
      return has_parts(declared.kind) ? part_name(declared, i) + ": " + *inner
                                      : as(stored, declared);
    }
  }
  if (stored.children.size() > both) return part_name(stored, both) + ": stored, but not declared";
  if (declared.children.size() > both)
    return part_name(declared, both) + ": declared, but not stored";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> why_incompatible(const TypeDescription& stored,
                                            const TypeDescription& declared) {
  return stored.flink_only ? difference(stored, flink_view(declared), false)
                           : difference(stored, declared, true);
}

TypeDescription flink_view(const TypeDescription& type) {
  const auto child = [&](size_t i) {
    return i < type.children.size() ? flink_view(type.children[i]) : TypeDescription();
  };
  TypeDescription view;
  switch (type.kind) {
    case TypeKind::kUint8: return of_kind(TypeKind::kInt8);
    case TypeKind::kUint16: return of_kind(TypeKind::kInt16);
    case TypeKind::kUint32: return of_kind(TypeKind::kInt32);
    case TypeKind::kUint64: return of_kind(TypeKind::kInt64);
    case TypeKind::kEnum:
    case TypeKind::kDuration:
    case TypeKind::kTimePoint: return child(0);
    case TypeKind::kOptional:
    case TypeKind::kArray:
    case TypeKind::kList:
    case TypeKind::kSet:
      view.kind = TypeKind::kList;
      view.children = {child(0)};
      return view;
    case TypeKind::kMap:
      view.kind = TypeKind::kMap;
      view.children = {child(0), child(1)};
      return view;
    case TypeKind::kVariant:
      view.kind = TypeKind::kTuple;
      view.children = {of_kind(TypeKind::kInt32), of_kind(TypeKind::kBytes)};
      return view;
    case TypeKind::kTuple:
    case TypeKind::kStruct:
      if (!detail::fits_flink_tuple(type.children.size())) return of_kind(TypeKind::kBytes);
      view.kind = TypeKind::kTuple;
      if (type.kind == TypeKind::kTuple) view.name = type.name;
      view.field_names = type.field_names;
      for (size_t i = 0; i < type.children.size(); ++i) view.children.push_back(child(i));
      return view;
    case TypeKind::kUser: return of_kind(TypeKind::kBytes);
    case TypeKind::kBool:
    case TypeKind::kInt8:
    case TypeKind::kInt16:
    case TypeKind::kInt32:
    case TypeKind::kInt64:
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kString:
    case TypeKind::kBytes:
    case TypeKind::kVoid:
    case TypeKind::kTimeWindow: return of_kind(type.kind);
  }
  return type;
}

}  // namespace weir
