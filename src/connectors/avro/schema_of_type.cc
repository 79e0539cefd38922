#include <map>
#include <nlohmann/json.hpp>

#include "base/status_macros.h"
#include "base/strings.h"
#include "connectors/avro/plans.h"
#include "weir/detail/format/avro_codec.h"

namespace weir::detail {
namespace {

using Json = nlohmann::ordered_json;

/// Makes the schema of a type and its parts. A type with a name is written out where it is first
/// used.
class SchemaWriter {
 public:
  explicit SchemaWriter(std::string name_space) : name_space_(std::move(name_space)) {}

  StatusOr<Json> schema_of(const AvroType& type) {
    switch (type.kind) {
      case AvroKind::kNull: return Json("null");
      case AvroKind::kBoolean: return Json("boolean");
      case AvroKind::kInteger: return Json(type.wide ? "long" : "int");
      case AvroKind::kFloat: return Json("float");
      case AvroKind::kDouble: return Json("double");
      case AvroKind::kString: return Json("string");
      case AvroKind::kBytes: return Json("bytes");
      case AvroKind::kDuration: return Json("long");
      case AvroKind::kTime: return time_schema(type);
      case AvroKind::kOptional:
      case AvroKind::kVariant: return union_schema(type);
      case AvroKind::kArray: return container_schema("array", "items", type);
      case AvroKind::kMap: return container_schema("map", "values", type);
      case AvroKind::kFixed:
      case AvroKind::kEnum:
      case AvroKind::kRecord: return named_schema(type);
    }
    return Json();
  }

 private:
  static Json time_schema(const AvroType& type) {
    if (type.num == 86400 && type.den == 1) return {{"type", "int"}, {"logicalType", "date"}};
    // The coarsest unit that holds all values.
    const char* logical = 1000 % type.den == 0      ? "timestamp-millis"
                          : 1000000 % type.den == 0 ? "timestamp-micros"
                                                    : "timestamp-nanos";
    return {{"type", "long"}, {"logicalType", logical}};
  }

  StatusOr<Json> union_schema(const AvroType& type) {
    Json branches = Json::array();
    if (type.kind == AvroKind::kOptional) branches.push_back("null");
    for (const auto& part : type.parts) {
      WEIR_ASSIGN_OR_RETURN(Json branch, schema_of(part()));
      if (branch.is_array())
        return invalid_argument(
            cat("Avro has no union of unions, so ", show_avro_type(type), " of ",
                show_avro_type(part()),
                " has no schema; give the inner one a std::monostate for null"));
      branches.push_back(std::move(branch));
    }
    return branches;
  }

  StatusOr<Json> container_schema(const char* kind, const char* key, const AvroType& type) {
    WEIR_ASSIGN_OR_RETURN(Json part, schema_of(type.parts[0]()));
    return Json{{"type", kind}, {key, std::move(part)}};
  }

  StatusOr<Json> named_schema(const AvroType& type) {
    const std::string name =
        type.kind == AvroKind::kFixed ? cat("fixed_", type.size) : avro_name(type.name);
    const auto [known, is_new] = defined_.emplace(name, &type);
    if (!is_new) {
      const bool same = known->second == &type ||
                        (type.kind == AvroKind::kFixed && known->second->kind == type.kind);
      if (same) return Json(name);
      return invalid_argument(cat("two types have the name ", name,
                                  ", which a schema of Avro can define once; rename one"));
    }
    Json made;
    made["type"] = type.kind == AvroKind::kRecord ? "record"
                   : type.kind == AvroKind::kEnum ? "enum"
                                                  : "fixed";
    made["name"] = name;
    // Parts are in the namespace of the type around them.
    if (!name_space_.empty()) made["namespace"] = std::exchange(name_space_, {});
    if (type.kind == AvroKind::kFixed) made["size"] = type.size;
    if (type.kind == AvroKind::kEnum) add_symbols(type, made);
    if (type.kind == AvroKind::kRecord) WEIR_RETURN_IF_ERROR(add_fields(type, made));
    return made;
  }

  static void add_symbols(const AvroType& type, Json& made) {
    made["symbols"] = Json::array();
    for (const AvroSymbolValue& symbol : type.symbols) {
      made["symbols"].push_back(symbol.name);
      if (type.default_symbol == symbol.value) made["default"] = symbol.name;
    }
  }

  Status add_fields(const AvroType& type, Json& made) {
    made["fields"] = Json::array();
    for (const AvroField& field : type.fields) {
      StatusOr<Json> schema = schema_of(field.type());
      if (!schema.ok()) return in_avro_field(field.name, schema.status());
      Json entry{{"name", field.name}, {"type", *std::move(schema)}};
      if (field.type().kind == AvroKind::kOptional) entry["default"] = nullptr;
      if (!field.former.empty()) entry["aliases"] = field.former;
      made["fields"].push_back(std::move(entry));
    }
    return {};
  }

  std::string name_space_;
  std::map<std::string, const AvroType*> defined_;
};

}  // namespace

StatusOr<std::string> avro_schema_of(const AvroType& type, const std::string& name_space) {
  WEIR_ASSIGN_OR_RETURN(const Json json, SchemaWriter(name_space).schema_of(type));
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  // Finds what Avro does not allow, such as a type twice in a union.
  WEIR_RETURN_IF_ERROR(AvroSchemaDocument::parse(text).status());
  return text;
}

}  // namespace weir::detail
