#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "connectors/avro/schema.h"
#include "weir/detail/format/avro_type.h"
#include "weir/status.h"

namespace weir::detail {

/// Finds how values of a schema become values of a type, by Avro's rules of schema resolution, or
/// the reverse. Owns the plans that it makes, which point into the schema. Thread: one at a time.
class AvroPlans {
 public:
  /// With `allow_missing` a field that the schema lacks, or that is null, keeps its default value.
  explicit AvroPlans(std::shared_ptr<const AvroSchemaDocument> schema, bool allow_missing = false)
      : schema_(std::move(schema)), allow_missing_(allow_missing) {}

  /// INVALID_ARGUMENT: no value of the schema can be read as this type.
  StatusOr<const AvroPlan*> to_read(const AvroType& type) { return read(schema_->root(), type); }
  /// INVALID_ARGUMENT: not every value of the type can be written by the schema.
  StatusOr<const AvroPlan*> to_write(const AvroType& type) { return write(schema_->root(), type); }

 private:
  using Made = StatusOr<const AvroPlan*>;
  using Key = std::pair<const AvroSchema*, const AvroType*>;

  AvroPlan* add();
  size_t min_bytes(const AvroSchema& schema);
  /// The plan for a record that is known, or a new one that `make` fills.
  Made remember(const AvroSchema& schema, const AvroType* type,
                const std::function<Status(AvroPlan&)>& make);

  // Reading: plans_read.cc.
  Made read(const AvroSchema& schema, const AvroType& type);
  Made read_leaf(const AvroSchema& schema, const AvroType& type);
  Made read_enum(const AvroSchema& schema, const AvroType& type);
  Made read_union(const AvroSchema& schema, const AvroType& type);
  Made read_branch(const AvroSchema& schema, const AvroType& type);
  Made read_record(const AvroSchema& schema, const AvroType& type);
  Made read_part(const AvroSchema& schema, const AvroType& type);
  Made read_alternative(const AvroSchema& schema, const AvroType& type);
  Made keep_default();
  Made skip(const AvroSchema& schema);

  // Writing: plans_write.cc.
  Made write(const AvroSchema& schema, const AvroType& type);
  Made write_leaf(const AvroSchema& schema, const AvroType& type);
  Made write_enum(const AvroSchema& schema, const AvroType& type);
  Made write_into_union(const AvroSchema& schema, const AvroType& type);
  Made write_choice(const AvroSchema& schema, const AvroType& type);
  Made write_record(const AvroSchema& schema, const AvroType& type);
  Made write_part(const AvroSchema& schema, const AvroType& type);

  const std::shared_ptr<const AvroSchemaDocument> schema_;
  const bool allow_missing_;
  std::vector<std::unique_ptr<AvroPlan>> plans_;
  // Plans of records, which may contain themselves.
  std::vector<std::pair<Key, const AvroPlan*>> known_;
  std::vector<std::pair<const AvroSchema*, size_t>> min_bytes_;  ///< of records
};

/// Such as "an integer" or "the struct Click".
std::string show_avro_type(const AvroType& type);
/// "the schema has SCHEMA, and the program TYPE".
Status avro_mismatch(const AvroSchema& schema, const AvroType& type, std::string_view more = {});
/// Adds the name of a field to a failure of one of its parts.
Status in_avro_field(std::string_view name, const Status& status);
/// The unit of a logical type in seconds; {0, 0}: it is no time of the type's kind.
std::pair<int64_t, int64_t> avro_unit(const AvroSchema& schema, const AvroType& type);
/// Whether values of the type are written as this kind, if the schema is made of the type.
bool is_same_kind(const AvroSchema& schema, const AvroType& type);
/// The field of a record that belongs to a field of a struct, by its name or a former one; or null.
const AvroSchema::Field* find_avro_field(const AvroSchema& schema, const AvroField& field);
/// Whether the type has a value for null.
bool may_be_null(const AvroType& type);
/// Whether a record of the schema has the name of the struct, without its namespace.
bool is_named_as(const AvroSchema& schema, const AvroType& type);
/// Letters, digits and underscores of the last part of a name in C++.
std::string avro_name(std::string_view name);

}  // namespace weir::detail
