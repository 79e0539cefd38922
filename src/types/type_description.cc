#include "weir/types/type_description.h"

namespace weir {
namespace {

std::string join_children(const TypeDescription& type) {
  std::string text;
  for (size_t i = 0; i < type.children.size(); ++i) {
    if (i > 0) text += ", ";
    if (i < type.field_names.size()) text += type.field_names[i] + ": ";
    text += type.children[i].to_string();
  }
  return text;
}

}  // namespace

bool TypeDescription::operator==(const TypeDescription& other) const {
  return kind == other.kind && name == other.name && field_names == other.field_names &&
         children == other.children && fixed_size == other.fixed_size &&
         flink_only == other.flink_only;
}

std::string TypeDescription::to_string() const {
  switch (kind) {
    case TypeKind::kBool: return "bool";
    case TypeKind::kInt8: return "int8";
    case TypeKind::kInt16: return "int16";
    case TypeKind::kInt32: return "int32";
    case TypeKind::kInt64: return "int64";
    case TypeKind::kUint8: return "uint8";
    case TypeKind::kUint16: return "uint16";
    case TypeKind::kUint32: return "uint32";
    case TypeKind::kUint64: return "uint64";
    case TypeKind::kFloat: return "float";
    case TypeKind::kDouble: return "double";
    case TypeKind::kString: return "string";
    case TypeKind::kBytes: return "bytes";
    case TypeKind::kEnum: return "enum " + name + ": " + join_children(*this);
    case TypeKind::kOptional: return "optional<" + join_children(*this) + ">";
    case TypeKind::kVariant: return "variant<" + join_children(*this) + ">";
    case TypeKind::kTuple: return "tuple<" + join_children(*this) + ">";
    case TypeKind::kStruct: return "struct " + name + "{" + join_children(*this) + "}";
    case TypeKind::kArray:
      return "array<" + join_children(*this) + ", " + std::to_string(fixed_size) + ">";
    case TypeKind::kList: return "vector<" + join_children(*this) + ">";
    case TypeKind::kSet: return "set<" + join_children(*this) + ">";
    case TypeKind::kMap: return "map<" + join_children(*this) + ">";
    case TypeKind::kDuration: return "duration<" + join_children(*this) + " " + name + ">";
    case TypeKind::kTimePoint: return "time_point<" + join_children(*this) + ">";
    case TypeKind::kUser: return "user type " + name + " version " + std::to_string(fixed_size);
    case TypeKind::kVoid: return "void";
    case TypeKind::kTimeWindow: return "time window";
  }
  return "unknown kind " + std::to_string(static_cast<int>(kind));
}

}  // namespace weir
