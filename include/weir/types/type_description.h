#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

/// Describes the bytes of a type. Stored with state and compared on restore. Also decides which of
/// Flink's serializers can read it.
enum class TypeKind : uint8_t {
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kFloat,
  kDouble,
  kString,
  kBytes,      ///< std::vector<uint8_t> / std::vector<std::byte>
  kEnum,       ///< children[0]: the underlying integer
  kOptional,   ///< children[0]
  kVariant,    ///< children: the alternatives
  kTuple,      ///< pair, tuple; children: the fields
  kStruct,     ///< children: the fields, with field_names
  kArray,      ///< children[0], fixed_size elements
  kList,       ///< vector; children[0]
  kSet,        ///< children[0]
  kMap,        ///< children[0] to children[1]
  kDuration,   ///< chrono duration: a count of `name` (for example "ms") as an integer; children[0]
  kTimePoint,  ///< chrono time point since its clock's epoch; children[0]: the duration
  kUser,       ///< a user's own serializer: opaque bytes, identified by `name` and `version`
  kVoid,       ///< one zero byte: Flink's VoidNamespace
  kTimeWindow,  ///< i64 start, i64 end: Flink's TimeWindow
};

struct TypeDescription {
  TypeKind kind = TypeKind::kVoid;
  std::string name;                      ///< for enums, structs, user types and units of time
  std::vector<std::string> field_names;  ///< for structs
  std::vector<TypeDescription> children;
  int64_t fixed_size = 0;  ///< kArray: elements; kUser: version
  /// Only the Flink serializer of the bytes is known (a snapshot that Flink wrote). Then kInt64 may
  /// be any 64-bit integer or time, kTuple any struct, kList any container, and kBytes any user
  /// type. Set at the root only.
  bool flink_only = false;

  bool operator==(const TypeDescription&) const = default;
  /// Formats it as in code: "struct Reading{sensor: string, value: double}", "map<string,
  /// vector<int64>>".
  std::string to_string() const;
};

}  // namespace weir
