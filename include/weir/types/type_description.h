#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

/// What a type's bytes are made of. Stored with state and compared on restore; also decides which
/// of Flink's serializers can read it.
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
  kBytes,       ///< std::vector<uint8_t> / std::vector<std::byte>
  kEnum,        ///< children[0]: the underlying integer
  kOptional,    ///< children[0]
  kVariant,     ///< children: the alternatives
  kTuple,       ///< pair, tuple; children: the fields
  kStruct,      ///< children: the fields, with field_names
  kArray,       ///< children[0], fixed_size elements
  kList,        ///< vector; children[0]
  kSet,         ///< children[0]
  kMap,         ///< children[0] to children[1]
  kDuration,    ///< chrono duration: a count of `name` (e.g. "ms") as an integer; children[0]
  kTimePoint,   ///< chrono time point since its clock's epoch; children[0]: the duration
  kUser,        ///< a Serializer<T> written by the user: opaque bytes known by `name` and `version`
  kVoid,        ///< one zero byte: Flink's VoidNamespace
  kTimeWindow,  ///< i64 start, i64 end: Flink's TimeWindow
};

struct TypeDescription {
  TypeKind kind = TypeKind::kVoid;
  std::string name;                      ///< enums, structs, user types, units of time
  std::vector<std::string> field_names;  ///< structs
  std::vector<TypeDescription> children;
  int64_t fixed_size = 0;  ///< kArray: elements; kUser: version
  /// All that is known is the Flink serializer of the bytes (a snapshot that Flink wrote): kInt64
  /// may then be any 64-bit integer or time, kTuple any struct, kList any container, kBytes any
  /// user type. Set at the root only.
  bool flink_only = false;

  bool operator==(const TypeDescription&) const = default;
  /// As one would write it: "struct Reading{sensor: string, value: double}", "map<string,
  /// vector<int64>>".
  std::string to_string() const;
};

}  // namespace weir
