#include "connectors/avro/plans.h"

#include <algorithm>

#include "base/strings.h"

namespace weir::detail {

using Kind = AvroSchema::Kind;

AvroPlan* AvroPlans::add() {
  plans_.push_back(std::make_unique<AvroPlan>());
  return plans_.back().get();
}

AvroPlans::Made AvroPlans::remember(const AvroSchema& schema, const AvroType* type,
                                    const std::function<Status(AvroPlan&)>& make) {
  for (const auto& [key, plan] : known_) {
    if (key == Key{&schema, type}) return plan;
  }
  const size_t before = known_.size();
  AvroPlan* const plan = add();
  known_.push_back({{&schema, type}, plan});
  if (Status made = make(*plan); !made.ok()) {
    known_.resize(before);  // parts may point to this plan
    return made;
  }
  return plan;
}

size_t AvroPlans::min_bytes(const AvroSchema& schema) {
  switch (schema.kind) {
    case Kind::kNull: return 0;
    case Kind::kFloat: return sizeof(float);
    case Kind::kDouble: return sizeof(double);
    case Kind::kFixed: return schema.size;
    case Kind::kRecord: break;
    default: return 1;
  }
  // A record that contains itself does so in a union, an array or a map, so in at least a byte.
  for (const auto& [record, bytes] : min_bytes_) {
    if (record == &schema) return bytes;
  }
  const size_t place = min_bytes_.size();
  min_bytes_.emplace_back(&schema, 1);
  constexpr size_t kEnough = 1 << 20;
  size_t sum = 0;
  for (const AvroSchema::Field& field : schema.fields)
    sum = std::min(kEnough, sum + min_bytes(*field.schema));
  min_bytes_[place].second = sum;
  return sum;
}

std::string show_avro_type(const AvroType& type) {
  switch (type.kind) {
    case AvroKind::kNull: return "nothing (std::monostate)";
    case AvroKind::kBoolean: return "a bool";
    case AvroKind::kInteger: return type.wide ? "an integer of 64 bits" : "an integer";
    case AvroKind::kFloat: return "a float";
    case AvroKind::kDouble: return "a double";
    case AvroKind::kString: return "a string";
    case AvroKind::kBytes: return "bytes";
    case AvroKind::kFixed: return cat("an array of ", type.size, " bytes");
    case AvroKind::kEnum: return cat("the enum ", type.name);
    case AvroKind::kTime: return "a point in time";
    case AvroKind::kDuration: return "a duration";
    case AvroKind::kArray: return "a list";
    case AvroKind::kMap: return "a map";
    case AvroKind::kOptional: return "a std::optional";
    case AvroKind::kVariant: return "a std::variant";
    case AvroKind::kRecord: return cat("the struct ", type.name);
  }
  return "";
}

Status avro_mismatch(const AvroSchema& schema, const AvroType& type, std::string_view more) {
  if (schema.logical == "decimal")
    return invalid_argument(
        "the schema has a decimal, which has no type in C++; leave the field out of the struct, "
        "and it is skipped");
  return invalid_argument(
      cat("the schema has ", schema.show(), ", and the program ", show_avro_type(type), more));
}

Status in_avro_field(std::string_view name, const Status& status) {
  constexpr std::string_view kBegin = "field '";
  std::string message(status.message());
  if (message.starts_with(kBegin)) message.insert(kBegin.size(), cat(name, "."));
  else message = cat(kBegin, name, "': ", message);
  return {status.code(), std::move(message)};
}

std::pair<int64_t, int64_t> avro_unit(const AvroSchema& schema, const AvroType& type) {
  const std::string& logical = schema.logical;
  if (logical.empty()) return {type.num, type.den};  // a plain count, in the unit of the field
  if (logical.starts_with("time-") != (type.kind == AvroKind::kDuration)) return {0, 0};
  if (logical == "date") return {86400, 1};
  if (logical.ends_with("-millis")) return {1, 1000};
  if (logical.ends_with("-micros")) return {1, 1000000};
  if (logical.ends_with("-nanos")) return {1, 1000000000};
  return {0, 0};
}

std::string avro_name(std::string_view name) {
  if (const size_t colon = name.rfind(':'); colon != std::string_view::npos)
    name = name.substr(colon + 1);
  std::string made(name);
  for (char& c : made) {
    if (!isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return made;
}

bool is_same_kind(const AvroSchema& schema, const AvroType& type) {
  switch (type.kind) {
    case AvroKind::kNull: return schema.kind == Kind::kNull;
    case AvroKind::kBoolean: return schema.kind == Kind::kBoolean;
    case AvroKind::kInteger: return schema.kind == (type.wide ? Kind::kLong : Kind::kInt);
    case AvroKind::kFloat: return schema.kind == Kind::kFloat;
    case AvroKind::kDouble: return schema.kind == Kind::kDouble;
    case AvroKind::kString: return schema.kind == Kind::kString;
    case AvroKind::kBytes: return schema.kind == Kind::kBytes;
    case AvroKind::kFixed: return schema.kind == Kind::kFixed && schema.size == type.size;
    case AvroKind::kEnum: return schema.kind == Kind::kEnum;
    case AvroKind::kTime: return avro_unit(schema, type).first != 0 && !schema.logical.empty();
    case AvroKind::kDuration: return schema.kind == Kind::kLong;
    case AvroKind::kArray: return schema.kind == Kind::kArray;
    case AvroKind::kMap: return schema.kind == Kind::kMap;
    case AvroKind::kRecord: return schema.kind == Kind::kRecord;
    case AvroKind::kOptional:
    case AvroKind::kVariant: return false;
  }
  return false;
}

const AvroSchema::Field* find_avro_field(const AvroSchema& schema, const AvroField& field) {
  const auto find = [&](const std::string& name) {
    const auto found = std::find_if(schema.fields.begin(), schema.fields.end(),
                                    [&](const auto& f) { return f.name == name; });
    return found == schema.fields.end() ? nullptr : &*found;
  };
  if (const auto* const found = find(field.name)) return found;
  for (const std::string& name : field.former) {
    if (const auto* const found = find(name)) return found;
  }
  return nullptr;
}

bool may_be_null(const AvroType& type) {
  return type.kind == AvroKind::kOptional || type.kind == AvroKind::kNull ||
         (type.kind == AvroKind::kVariant &&
          std::any_of(type.parts.begin(), type.parts.end(),
                      [](const auto& part) { return part().kind == AvroKind::kNull; }));
}

bool is_named_as(const AvroSchema& schema, const AvroType& type) {
  return unqualified(schema.name) == avro_name(type.name);
}

}  // namespace weir::detail
