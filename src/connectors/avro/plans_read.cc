#include <algorithm>
#include <numeric>

#include "base/status_macros.h"
#include "base/strings.h"
#include "connectors/avro/plans.h"
#include "weir/detail/format/avro_types.h"

namespace weir::detail {
namespace {

using Kind = AvroSchema::Kind;

bool skip_long(AvroInput& in, const AvroPlan&, void*) {
  int64_t ignored = 0;
  return in.read_long(ignored);
}
bool skip_bytes(AvroInput& in, const AvroPlan&, void*) {
  std::string_view ignored;
  return in.read_bytes(ignored);
}
bool skip_fixed(AvroInput& in, const AvroPlan& plan, void*) {
  std::string_view ignored;
  return in.read_raw(plan.size, ignored);
}
bool skip_elements(AvroInput& in, const AvroPlan& plan, void*) {
  for (uint64_t count = 0; in.next_block_to_skip(plan.min_element_bytes, count);) {
    if (count == 0) return true;
    for (; count > 0; --count) {
      for (const AvroPlan* const part : plan.parts) {
        if (!part->read(in, *part, nullptr)) return false;
      }
    }
  }
  return false;
}
bool read_any_branch(AvroInput& in, const AvroPlan& plan, void* value) {
  int64_t index = 0;
  if (!in.read_long(index)) return false;
  if (index < 0 || static_cast<uint64_t>(index) >= plan.parts.size())
    return in.fail(cat("branch ", index, " of a union that has ", plan.parts.size(), " of them"));
  const AvroPlan& part = *plan.parts[static_cast<size_t>(index)];
  return part.read(in, part, value);
}
bool read_into_alternative(AvroInput& in, const AvroPlan& plan, void* value) {
  const AvroPlan& part = *plan.parts[0];
  return part.read(in, part, plan.type->emplace(value, plan.alternative));
}
bool fail_to_read(AvroInput& in, const AvroPlan& plan, void*) { return in.fail(plan.problem); }

template <class To>
bool integer_to(AvroInput& in, const AvroPlan& plan, void* value) {
  int64_t number = 0;
  if (!read_avro_long(in, plan, number)) return false;
  *static_cast<To*>(value) = static_cast<To>(number);
  return true;
}
bool float_to_double(AvroInput& in, const AvroPlan&, void* value) {
  float number = 0;
  if (!in.read_fixed(number)) return false;
  *static_cast<double*>(value) = static_cast<double>(number);
  return true;
}
bool symbol_to_string(AvroInput& in, const AvroPlan& plan, void* value) {
  int64_t index = 0;
  if (!in.read_long(index)) return false;
  if (index < 0 || static_cast<uint64_t>(index) >= plan.names.size())
    return in.fail(cat("symbol ", index, " of an enum that has ", plan.names.size()));
  *static_cast<std::string*>(value) = plan.names[static_cast<size_t>(index)];
  return true;
}

/// The call that reads a value of the schema as this type, or null.
AvroRead leaf_read(const AvroSchema& schema, const AvroType& type) {
  const Kind kind = schema.kind;
  const bool integer = kind == Kind::kInt || kind == Kind::kLong;
  const bool text = kind == Kind::kString || kind == Kind::kBytes;
  switch (type.kind) {
    case AvroKind::kNull: return kind == Kind::kNull ? type.read : nullptr;
    case AvroKind::kBoolean: return kind == Kind::kBoolean ? type.read : nullptr;
    case AvroKind::kInteger: return integer ? type.read : nullptr;
    case AvroKind::kTime:
    case AvroKind::kDuration: return integer ? type.read : nullptr;
    case AvroKind::kFloat:
      return kind == Kind::kFloat ? type.read : integer ? &integer_to<float> : nullptr;
    case AvroKind::kDouble:
      return kind == Kind::kDouble  ? type.read
             : kind == Kind::kFloat ? &float_to_double
             : integer              ? &integer_to<double>
                                    : nullptr;
    case AvroKind::kString:
      return text ? type.read : kind == Kind::kEnum ? &symbol_to_string : nullptr;
    case AvroKind::kBytes: return text ? type.read : nullptr;
    case AvroKind::kFixed:
      return kind == Kind::kFixed && schema.size == type.size ? type.read : nullptr;
    default: return nullptr;
  }
}

}  // namespace

AvroPlans::Made AvroPlans::read(const AvroSchema& schema, const AvroType& type) {
  if (schema.kind == Kind::kUnion) return read_union(schema, type);
  return read_branch(schema, type);
}

AvroPlans::Made AvroPlans::read_branch(const AvroSchema& schema, const AvroType& type) {
  switch (type.kind) {
    case AvroKind::kOptional:
    case AvroKind::kVariant: return read_alternative(schema, type);
    case AvroKind::kRecord: return read_record(schema, type);
    case AvroKind::kEnum: return read_enum(schema, type);
    case AvroKind::kArray:
    case AvroKind::kMap: return read_part(schema, type);
    default: return read_leaf(schema, type);
  }
}

AvroPlans::Made AvroPlans::read_leaf(const AvroSchema& schema, const AvroType& type) {
  const AvroRead call = leaf_read(schema, type);
  if (call == nullptr || schema.logical == "decimal") return avro_mismatch(schema, type);
  AvroPlan* const plan = add();
  plan->type = &type;
  plan->read = call;
  plan->names = schema.symbols;
  plan->size = schema.size;
  plan->narrow = schema.kind == Kind::kInt;
  if (type.kind != AvroKind::kTime && type.kind != AvroKind::kDuration) return plan;
  const auto [num, den] = avro_unit(schema, type);
  if (num == 0) return avro_mismatch(schema, type);
  const __int128 to = static_cast<__int128>(num) * type.den;
  const __int128 from = static_cast<__int128>(den) * type.num;
  if (to > INT64_MAX || from > INT64_MAX)
    return avro_mismatch(schema, type, ", whose unit is too different");
  const int64_t common = std::gcd(static_cast<int64_t>(to), static_cast<int64_t>(from));
  plan->multiplier = static_cast<int64_t>(to) / common;
  plan->divisor = static_cast<int64_t>(from) / common;
  return plan;
}

AvroPlans::Made AvroPlans::read_enum(const AvroSchema& schema, const AvroType& type) {
  if (schema.kind != Kind::kEnum) return avro_mismatch(schema, type);
  AvroPlan* const plan = add();
  plan->type = &type;
  plan->read = type.read;
  plan->names = schema.symbols;
  for (const std::string& symbol : schema.symbols) {
    const auto found = std::find_if(type.symbols.begin(), type.symbols.end(),
                                    [&](const auto& s) { return s.name == symbol; });
    plan->numbers.push_back(
        found != type.symbols.end() ? found->value : type.default_symbol.value_or(kNoAvroSymbol));
  }
  return plan;
}

AvroPlans::Made AvroPlans::read_part(const AvroSchema& schema, const AvroType& type) {
  const bool map = type.kind == AvroKind::kMap;
  if (schema.kind != (map ? Kind::kMap : Kind::kArray)) return avro_mismatch(schema, type);
  WEIR_ASSIGN_OR_RETURN(const AvroPlan* const part, read(*schema.parts[0], type.parts[0]()));
  AvroPlan* const plan = add();
  plan->type = &type;
  plan->read = type.read;
  plan->parts = {part};
  plan->min_element_bytes = min_bytes(*schema.parts[0]) + (map ? 1 : 0);
  return plan;
}

AvroPlans::Made AvroPlans::read_union(const AvroSchema& schema, const AvroType& type) {
  AvroPlan* const plan = add();
  plan->type = &type;
  plan->read = &read_any_branch;
  Status problem;
  bool any = false;
  for (const AvroSchema* const branch : schema.parts) {
    const bool null = branch->kind == Kind::kNull;
    Made part =
        null && !may_be_null(type) && allow_missing_ ? keep_default() : read_branch(*branch, type);
    if (part.ok()) {
      any = any || !null || may_be_null(type);
    } else {
      if (problem.ok() || !null) problem = part.status();
      AvroPlan* const failing = add();
      failing->read = &fail_to_read;
      failing->problem = null ? "it is null, and the field is no std::optional"
                              : std::string(part.status().message());
      part = failing;
    }
    plan->parts.push_back(*part);
  }
  if (!any) return problem;
  return plan;
}

AvroPlans::Made AvroPlans::read_alternative(const AvroSchema& schema, const AvroType& type) {
  const bool null = schema.kind == Kind::kNull;
  AvroPlan* const plan = add();
  plan->type = &type;
  plan->read = &read_into_alternative;
  if (type.kind == AvroKind::kOptional) {
    plan->alternative = null ? 0 : 1;
    WEIR_ASSIGN_OR_RETURN(const AvroPlan* const part,
                          null ? keep_default() : read(schema, type.parts[0]()));
    plan->parts = {part};
    return plan;
  }
  // The same name first, then the same kind, then anything that can be read.
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < type.parts.size(); ++i) {
      const AvroType& part_type = type.parts[i]();
      if (round < 2 && !is_same_kind(schema, part_type)) continue;
      if (round == 0 && !is_named_as(schema, part_type)) continue;
      Made part = read_branch(schema, part_type);
      if (!part.ok()) continue;
      plan->alternative = i;
      plan->parts = {*part};
      return plan;
    }
  }
  return avro_mismatch(schema, type, ", none of whose alternatives fits");
}

AvroPlans::Made AvroPlans::read_record(const AvroSchema& schema, const AvroType& type) {
  if (schema.kind != Kind::kRecord) return avro_mismatch(schema, type);
  return remember(schema, &type, [&](AvroPlan& plan) -> Status {
    plan.type = &type;
    plan.read = type.read;
    std::vector<const AvroField*> readers(schema.fields.size());
    for (const AvroField& field : type.fields) {
      if (const AvroSchema::Field* const found = find_avro_field(schema, field)) {
        readers[static_cast<size_t>(found - schema.fields.data())] = &field;
      } else if (!may_be_null(field.type()) && !allow_missing_) {
        return invalid_argument(
            cat("the schema ", schema.name, " has no field '", field.name,
                "', which is no std::optional; make it one, give its former name with "
                "WEIR_FORMERLY, or set AvroOptions::allow_missing_fields"));
      }
    }
    for (size_t i = 0; i < readers.size(); ++i) {
      const AvroSchema::Field& field = schema.fields[i];
      const Made part =
          readers[i] != nullptr ? read(*field.schema, readers[i]->type()) : skip(*field.schema);
      if (!part.ok()) return in_avro_field(field.name, part.status());
      plan.steps.push_back({*part, readers[i] != nullptr ? readers[i]->of : nullptr, field.name});
    }
    return {};
  });
}

AvroPlans::Made AvroPlans::keep_default() {
  AvroPlan* const plan = add();
  plan->read = &read_avro_null;
  return plan;
}

AvroPlans::Made AvroPlans::skip(const AvroSchema& schema) {
  if (schema.kind == Kind::kRecord) {
    return remember(schema, nullptr, [&](AvroPlan& plan) -> Status {
      plan.read = &read_avro_record;
      for (const AvroSchema::Field& field : schema.fields) {
        WEIR_ASSIGN_OR_RETURN(const AvroPlan* const part, skip(*field.schema));
        plan.steps.push_back({part, nullptr, field.name});
      }
      return {};
    });
  }
  AvroPlan* const plan = add();
  switch (schema.kind) {
    case Kind::kNull: plan->read = &read_avro_null; return plan;
    case Kind::kInt:
    case Kind::kLong:
    case Kind::kEnum: plan->read = &skip_long; return plan;
    case Kind::kBytes:
    case Kind::kString: plan->read = &skip_bytes; return plan;
    case Kind::kUnion: plan->read = &read_any_branch; break;
    case Kind::kArray:
    case Kind::kMap: plan->read = &skip_elements; break;
    default: plan->read = &skip_fixed;
  }
  plan->size = schema.kind == Kind::kBoolean ? 1 : min_bytes(schema);
  if (schema.kind == Kind::kMap) {  // a key is skipped like a value
    AvroPlan* const key = add();
    key->read = &skip_bytes;
    plan->parts.push_back(key);
  }
  for (const AvroSchema* const part : schema.parts) {
    WEIR_ASSIGN_OR_RETURN(const AvroPlan* const made, skip(*part));
    plan->parts.push_back(made);
  }
  if (schema.kind == Kind::kArray || schema.kind == Kind::kMap)
    plan->min_element_bytes = min_bytes(*schema.parts[0]) + (schema.kind == Kind::kMap ? 1 : 0);
  return plan;
}

}  // namespace weir::detail
