#include "types/conversion.h"
#include "weir/types/fields.h"

namespace weir {
namespace {

void skip_values(const TypeDescription& type, BinaryReader& in) {
  const size_t count = in.get_count(1);
  for (size_t i = 0; i < count && in.ok(); ++i) skip_value(type.children[0], in);
}

void skip_map(const TypeDescription& type, BinaryReader& in) {
  const size_t count = in.get_count(2);
  for (size_t i = 0; i < count && in.ok(); ++i) {
    skip_value(type.children[0], in);
    if (!in.get_bool()) skip_value(type.children[1], in);
  }
}

}  // namespace

void skip_value(const TypeDescription& type, BinaryReader& in) {
  switch (type.kind) {
    case TypeKind::kVoid:
    case TypeKind::kBool:
    case TypeKind::kInt8:
    case TypeKind::kUint8: in.get_raw(1); return;
    case TypeKind::kInt16:
    case TypeKind::kUint16: in.get_raw(2); return;
    case TypeKind::kInt32:
    case TypeKind::kUint32:
    case TypeKind::kFloat: in.get_raw(4); return;
    case TypeKind::kInt64:
    case TypeKind::kUint64:
    case TypeKind::kDouble: in.get_raw(8); return;
    case TypeKind::kTimeWindow: in.get_raw(16); return;
    case TypeKind::kString: in.get_flink_string(); return;
    case TypeKind::kBytes:
    case TypeKind::kUser: in.get_bytes(); return;
    case TypeKind::kEnum:
    case TypeKind::kDuration:
    case TypeKind::kTimePoint: skip_value(type.children[0], in); return;
    case TypeKind::kVariant:
      in.get_i32();
      in.get_bytes();
      return;
    case TypeKind::kTuple:
    case TypeKind::kStruct:
      if (!detail::fits_flink_tuple(type.children.size())) {
        in.get_bytes();
        return;
      }
      for (const TypeDescription& field : type.children) skip_value(field, in);
      return;
    case TypeKind::kOptional:
    case TypeKind::kArray:
    case TypeKind::kList:
    case TypeKind::kSet: skip_values(type, in); return;
    case TypeKind::kMap: skip_map(type, in); return;
  }
  in.fail("a value of an unknown type");
}

}  // namespace weir
