#include <algorithm>
#include <numeric>

#include "base/status_macros.h"
#include "base/strings.h"
#include "connectors/avro/plans.h"
#include "weir/detail/format/avro_types.h"

namespace weir::detail {
namespace {

using Kind = AvroSchema::Kind;

bool write_branch(AvroOutput& out, const AvroPlan& plan, const void* value) {
  out.put_long(plan.branch);
  const AvroPlan& part = *plan.parts[0];
  return part.write(out, part, value);
}
bool integer_as_int(AvroOutput& out, const AvroPlan& plan, const void* value) {
  std::string bytes;
  AvroOutput wide(bytes);
  if (!plan.type->write(wide, plan, value)) return out.fail(wide.problem());
  AvroInput in(bytes);
  int64_t number = 0;
  if (!in.read_long(number) || number < INT32_MIN || number > INT32_MAX)
    return out.fail(cat(number, " is more than an int of Avro holds"));
  out.put_long(number);
  return true;
}
bool float_as_double(AvroOutput& out, const AvroPlan&, const void* value) {
  out.put_fixed(static_cast<double>(*static_cast<const float*>(value)));
  return true;
}
bool string_as_symbol(AvroOutput& out, const AvroPlan& plan, const void* value) {
  const auto& text = *static_cast<const std::string*>(value);
  const auto found = std::find(plan.names.begin(), plan.names.end(), text);
  if (found == plan.names.end()) return out.fail(cat("the schema lacks the symbol '", text, "'"));
  out.put_long(found - plan.names.begin());
  return true;
}

/// The call that writes a value of the type by the schema, or null.
AvroWrite leaf_write(const AvroSchema& schema, const AvroType& type) {
  const Kind kind = schema.kind;
  switch (type.kind) {
    case AvroKind::kInteger:
      if (kind == Kind::kInt && type.wide) return &integer_as_int;
      return kind == Kind::kInt || kind == Kind::kLong ? type.write : nullptr;
    case AvroKind::kTime:
    case AvroKind::kDuration:
      return kind == Kind::kInt || kind == Kind::kLong ? type.write : nullptr;
    case AvroKind::kFloat:
      return kind == Kind::kFloat ? type.write : kind == Kind::kDouble ? &float_as_double : nullptr;
    case AvroKind::kString:
      return kind == Kind::kString ? type.write : kind == Kind::kEnum ? &string_as_symbol : nullptr;
    default: return is_same_kind(schema, type) ? type.write : nullptr;
  }
}

}  // namespace

AvroPlans::Made AvroPlans::write(const AvroSchema& schema, const AvroType& type) {
  switch (type.kind) {
    case AvroKind::kOptional:
    case AvroKind::kVariant: return write_choice(schema, type);
    default: break;
  }
  if (schema.kind == Kind::kUnion) return write_into_union(schema, type);
  switch (type.kind) {
    case AvroKind::kRecord: return write_record(schema, type);
    case AvroKind::kEnum: return write_enum(schema, type);
    case AvroKind::kArray:
    case AvroKind::kMap: return write_part(schema, type);
    default: return write_leaf(schema, type);
  }
}

AvroPlans::Made AvroPlans::write_leaf(const AvroSchema& schema, const AvroType& type) {
  const AvroWrite call = leaf_write(schema, type);
  if (call == nullptr || schema.logical == "decimal") return avro_mismatch(schema, type);
  AvroPlan* const plan = add();
  plan->type = &type;
  plan->write = call;
  plan->names = schema.symbols;
  if (type.kind != AvroKind::kTime && type.kind != AvroKind::kDuration) return plan;
  const auto [num, den] = avro_unit(schema, type);
  const __int128 multiplier = static_cast<__int128>(type.num) * den;
  const __int128 divisor = static_cast<__int128>(type.den) * num;
  if (num == 0) return avro_mismatch(schema, type);
  if (multiplier % divisor != 0 || multiplier / divisor > INT64_MAX)
    return avro_mismatch(schema, type, ", whose unit is finer");
  plan->multiplier = static_cast<int64_t>(multiplier / divisor);
  plan->narrow = schema.kind == Kind::kInt;
  return plan;
}

AvroPlans::Made AvroPlans::write_enum(const AvroSchema& schema, const AvroType& type) {
  if (schema.kind != Kind::kEnum) return avro_mismatch(schema, type);
  AvroPlan* const plan = add();
  plan->type = &type;
  plan->write = type.write;
  for (const AvroSymbolValue& symbol : type.symbols) {
    const auto found = std::find(schema.symbols.begin(), schema.symbols.end(), symbol.name);
    plan->numbers.push_back(found == schema.symbols.end() ? -1 : found - schema.symbols.begin());
  }
  return plan;
}

AvroPlans::Made AvroPlans::write_part(const AvroSchema& schema, const AvroType& type) {
  if (!is_same_kind(schema, type)) return avro_mismatch(schema, type);
  WEIR_ASSIGN_OR_RETURN(const AvroPlan* const part, write(*schema.parts[0], type.parts[0]()));
  AvroPlan* const plan = add();
  plan->type = &type;
  plan->write = type.write;
  plan->parts = {part};
  return plan;
}

AvroPlans::Made AvroPlans::write_into_union(const AvroSchema& schema, const AvroType& type) {
  // The same name first, then the same kind, then anything that it can be written as.
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < schema.parts.size(); ++i) {
      const AvroSchema& branch = *schema.parts[i];
      if (round < 2 && !is_same_kind(branch, type)) continue;
      if (round == 0 && !is_named_as(branch, type)) continue;
      const Made part = write(branch, type);
      if (!part.ok()) continue;
      AvroPlan* const plan = add();
      plan->type = &type;
      plan->write = &write_branch;
      plan->branch = static_cast<int64_t>(i);
      plan->parts = {*part};
      return plan;
    }
  }
  return avro_mismatch(schema, type, ", which fits none of its branches");
}

AvroPlans::Made AvroPlans::write_choice(const AvroSchema& schema, const AvroType& type) {
  static const AvroType& null = avro_type<std::monostate>();
  std::vector<const AvroType*> alternatives;
  if (type.kind == AvroKind::kOptional) alternatives.push_back(&null);
  for (const auto& part : type.parts) alternatives.push_back(&part());
  AvroPlan* const plan = add();
  plan->type = &type;
  plan->write = type.write;
  for (const AvroType* const alternative : alternatives) {
    WEIR_ASSIGN_OR_RETURN(const AvroPlan* part, write(schema, *alternative));
    const bool branched = part->write == &write_branch;
    plan->numbers.push_back(branched ? part->branch : -1);
    plan->parts.push_back(branched ? part->parts[0] : part);
  }
  return plan;
}

AvroPlans::Made AvroPlans::write_record(const AvroSchema& schema, const AvroType& type) {
  if (schema.kind != Kind::kRecord) return avro_mismatch(schema, type);
  return remember(schema, &type, [&](AvroPlan& plan) -> Status {
    plan.type = &type;
    plan.write = type.write;
    std::vector<const AvroField*> writers(schema.fields.size());
    for (const AvroField& field : type.fields) {
      const AvroSchema::Field* const found = find_avro_field(schema, field);
      if (found == nullptr)
        return invalid_argument(cat("the schema ", schema.name, " has no field '", field.name,
                                    "' of the struct ", type.name));
      writers[static_cast<size_t>(found - schema.fields.data())] = &field;
    }
    for (size_t i = 0; i < writers.size(); ++i) {
      const AvroSchema::Field& field = schema.fields[i];
      // A field that the struct lacks is null.
      const AvroType& part_type =
          writers[i] != nullptr ? writers[i]->type() : avro_type<std::monostate>();
      const Made part = write(*field.schema, part_type);
      if (!part.ok() && writers[i] == nullptr)
        return invalid_argument(cat("the struct ", type.name, " has no field '", field.name,
                                    "', which the schema ", schema.name,
                                    " has and which cannot be null"));
      if (!part.ok()) return in_avro_field(field.name, part.status());
      plan.steps.push_back({*part, writers[i] != nullptr ? writers[i]->of : nullptr, field.name});
    }
    return {};
  });
}

}  // namespace weir::detail
