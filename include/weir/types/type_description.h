#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weir {

class BinaryReader;
class BinaryWriter;
struct TypeDescription;

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

/// Makes values of a type from values of an older one, by a function of the user
/// (weir/types/migration.h).
struct TypeMigration {
  TypeDescription (*from)();
  /// Reads a value of the older type and writes it as one of this type.
  void (*convert)(BinaryReader& in, BinaryWriter& out);
};

/// How stored values of older types become values of a type of the program
/// (docs/schema_evolution.md).
struct TypeEvolution {
  /// A struct's fields as its list has them, with their former names. May be null.
  const char* field_list = nullptr;
  /// Writes field i of a default value. May be null.
  void (*write_default)(size_t field, BinaryWriter& out) = nullptr;
  std::vector<TypeMigration> (*migrations)() = nullptr;
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
  /// Only types of the program have it. It is not stored and not compared.
  const TypeEvolution* evolution = nullptr;

  bool operator==(const TypeDescription& other) const;
  /// Formats it as in code: "struct Reading{sensor: string, value: double}", "map<string,
  /// vector<int64>>".
  std::string to_string() const;
};

}  // namespace weir
