#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/status.h"

namespace weir {

/// A schema of Avro, or a part of one. Parts point to each other, because schemas may be recursive.
struct AvroSchema {
  enum class Kind {
    kNull,
    kBoolean,
    kInt,
    kLong,
    kFloat,
    kDouble,
    kBytes,
    kString,
    kRecord,
    kEnum,
    kArray,
    kMap,
    kUnion,
    kFixed,
  };
  struct Field {
    std::string name;
    const AvroSchema* schema;
  };

  Kind kind = Kind::kNull;
  std::string name{};     ///< kRecord, kEnum, kFixed: with its namespace
  std::string logical{};  ///< the logical type, if its type is the right one
  std::vector<Field> fields{};
  std::vector<std::string> symbols{};
  std::vector<const AvroSchema*> parts{};  ///< kArray, kMap: one; kUnion: the branches
  size_t size = 0;                         ///< kFixed

  /// Such as "long (timestamp-millis)" or "record shop.Click".
  std::string show() const;
};

/// Owns the parts of one schema. Immutable. Thread: any.
class AvroSchemaDocument {
 public:
  static constexpr size_t kMaxBytes = 1 << 20;
  static constexpr size_t kMaxDepth = 64;

  /// INVALID_ARGUMENT: the text is no schema.
  static StatusOr<std::shared_ptr<const AvroSchemaDocument>> parse(std::string_view json);

  const AvroSchema& root() const { return *root_; }

 private:
  friend class AvroSchemaParser;
  std::vector<std::unique_ptr<AvroSchema>> parts_;
  const AvroSchema* root_ = nullptr;
};

/// The name behind the last dot.
std::string_view unqualified(std::string_view name);

}  // namespace weir
