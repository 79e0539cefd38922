#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/detail/format/avro_stream.h"

namespace weir::detail {

struct AvroPlan;
struct AvroType;

using AvroRead = bool (*)(AvroInput& in, const AvroPlan& plan, void* value);
using AvroWrite = bool (*)(AvroOutput& out, const AvroPlan& plan, const void* value);

enum class AvroKind {
  kNull,
  kBoolean,
  kInteger,
  kFloat,
  kDouble,
  kString,
  kBytes,
  kFixed,
  kEnum,
  kTime,      ///< a point in time
  kDuration,  ///< a count of units
  kArray,
  kMap,
  kOptional,
  kVariant,
  kRecord,
};

struct AvroField {
  std::string name;
  std::vector<std::string> former;
  const AvroType& (*type)();
  void* (*of)(void* record);
};

struct AvroSymbolValue {
  std::string name;
  int64_t value;
};

/// The value of a symbol that the enum does not list.
inline constexpr int64_t kNoAvroSymbol = INT64_MIN;

/// A type of C++, as the codec sees it. Lives as long as the program.
struct AvroType {
  AvroKind kind = AvroKind::kNull;
  std::string name{};                          ///< kRecord, kEnum
  bool wide = false;                           ///< kInteger: needs a long, not an int
  size_t size = 0;                             ///< kFixed: bytes
  int64_t num = 1, den = 1;                    ///< kTime, kDuration: seconds in a unit
  std::vector<AvroField> fields{};             ///< kRecord
  std::vector<AvroSymbolValue> symbols{};      ///< kEnum
  std::optional<int64_t> default_symbol{};     ///< kEnum: for symbols that are not listed
  std::vector<const AvroType& (*)()> parts{};  ///< kArray, kMap, kOptional: one; kVariant: all
  AvroRead read = nullptr;
  AvroWrite write = nullptr;
  /// kVariant and kOptional: makes the alternative, and returns its address.
  void* (*emplace)(void* value, size_t alternative) = nullptr;
};

/// How values of one schema become values of one type, or the reverse: found once, and executed
/// for each value. Plans point to each other, because schemas may be recursive; an AvroPlans owns
/// them.
struct AvroPlan {
  struct Step {
    const AvroPlan* plan = nullptr;
    void* (*field)(void* record) = nullptr;  ///< null: the value is skipped, or null is written
    std::string_view name{};
  };

  AvroRead read = nullptr;
  AvroWrite write = nullptr;
  const AvroType* type = nullptr;        ///< null: the value is skipped
  std::vector<Step> steps{};             ///< of a record, in the order of the schema
  std::vector<const AvroPlan*> parts{};  ///< an array's or map's elements; a union's branches
  /// Reading an enum: values by index of the schema. Writing an enum: the reverse, by index of the
  /// type. Writing an optional or a variant: branches by alternative, -1 if the schema is no union.
  std::vector<int64_t> numbers{};
  std::vector<std::string> names{};     ///< enum: symbols of the schema
  int64_t multiplier = 1, divisor = 1;  ///< times; writing: only the first may be above 1
  int64_t branch = 0;                   ///< writing: of a union
  bool narrow = false;                  ///< the schema has an int, not a long
  size_t alternative = 0;               ///< reading: of the variant
  size_t size = 0;                      ///< fixed
  size_t min_bytes = 1;                 ///< of an encoded value
  size_t min_element_bytes = 1;         ///< array, map: of an encoded element, with its key
  std::string problem{};                ///< of a value that cannot be read
};

}  // namespace weir::detail
