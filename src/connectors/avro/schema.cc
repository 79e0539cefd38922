#include "connectors/avro/schema.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

using Json = nlohmann::json;
using Kind = AvroSchema::Kind;

constexpr std::string_view kPrimitives[] = {"null",  "boolean", "int",   "long",
                                            "float", "double",  "bytes", "string"};
constexpr std::string_view kKinds[] = {"record", "enum", "array", "map", "union", "fixed"};

std::string_view name_of(Kind kind) {
  const auto index = static_cast<size_t>(kind);
  return index < std::size(kPrimitives) ? kPrimitives[index]
                                        : kKinds[index - std::size(kPrimitives)];
}

bool is_named(Kind kind) {
  return kind == Kind::kRecord || kind == Kind::kEnum || kind == Kind::kFixed;
}

std::string text_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool is_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
  });
}

/// Whether a logical type may annotate a type; otherwise Avro ignores it.
bool annotates(std::string_view logical, Kind kind) {
  if (logical == "decimal") return kind == Kind::kBytes || kind == Kind::kFixed;
  if (logical == "date" || logical == "time-millis") return kind == Kind::kInt;
  return kind == Kind::kLong && (logical == "time-micros" || logical.starts_with("timestamp-") ||
                                 logical.starts_with("local-timestamp-"));
}

Status no_schema(std::string why) { return invalid_argument(cat("this is no Avro schema: ", why)); }

}  // namespace

class AvroSchemaParser {
 public:
  explicit AvroSchemaParser(AvroSchemaDocument& document) : document_(document) {}

  StatusOr<const AvroSchema*> parse(const Json& json, const std::string& space, size_t depth) {
    if (depth > AvroSchemaDocument::kMaxDepth)
      return no_schema(cat("types are nested deeper than ", AvroSchemaDocument::kMaxDepth));
    if (json.is_string()) return by_name(json.get<std::string>(), space);
    if (json.is_array()) return parse_union(json, space, depth);
    if (!json.is_object() || !json.contains("type"))
      return no_schema("a type is a name, a list, or an object with a 'type'");
    const Json& type = json["type"];
    if (!type.is_string()) return parse(type, space, depth + 1);
    const auto word = type.get<std::string>();
    if (word == "record" || word == "error") return parse_record(json, space, depth);
    if (word == "enum") return parse_enum(json, space);
    if (word == "fixed") return parse_fixed(json, space);
    if (word == "array") return parse_container(Kind::kArray, json, "items", space, depth);
    if (word == "map") return parse_container(Kind::kMap, json, "values", space, depth);
    WEIR_ASSIGN_OR_RETURN(const AvroSchema* const plain, by_name(word, space));
    const std::string logical = text_in(json, "logicalType");
    if (!annotates(logical, plain->kind) || is_named(plain->kind)) return plain;
    AvroSchema* const annotated = add(plain->kind);
    annotated->logical = logical;
    return annotated;
  }

 private:
  AvroSchema* add(Kind kind) {
    document_.parts_.push_back(std::make_unique<AvroSchema>());
    document_.parts_.back()->kind = kind;
    return document_.parts_.back().get();
  }

  StatusOr<const AvroSchema*> by_name(const std::string& name, const std::string& space) {
    const auto* const primitive = std::find(std::begin(kPrimitives), std::end(kPrimitives), name);
    if (primitive != std::end(kPrimitives)) {
      const AvroSchema*& known = named_[name];
      if (known == nullptr) known = add(static_cast<Kind>(primitive - kPrimitives));
      return known;
    }
    const auto found = named_.find(with_space(name, space));
    if (found != named_.end()) return found->second;
    return no_schema(cat("it uses the type '", name, "', which it does not define before"));
  }

  static std::string with_space(const std::string& name, const std::string& space) {
    return space.empty() || name.find('.') != std::string::npos ? name : cat(space, '.', name);
  }

  /// Adds a type with a name, which its own parts may use.
  StatusOr<AvroSchema*> add_named(Kind kind, const Json& json, const std::string& space) {
    const std::string name = text_in(json, "name");
    if (!is_name(unqualified(name)))
      return no_schema(cat("'", name, "' is no name of a ", name_of(kind)));
    AvroSchema* const made = add(kind);
    made->name = with_space(name, json.contains("namespace") ? text_in(json, "namespace") : space);
    if (!named_.emplace(made->name, made).second)
      return no_schema(cat("it defines the type '", made->name, "' twice"));
    return made;
  }

  StatusOr<const AvroSchema*> parse_record(const Json& json, const std::string& outer,
                                           size_t depth) {
    WEIR_ASSIGN_OR_RETURN(AvroSchema* const made, add_named(Kind::kRecord, json, outer));
    const size_t dot = made->name.rfind('.');
    const std::string space = dot == std::string::npos ? "" : made->name.substr(0, dot);
    const auto fields = json.find("fields");
    if (fields == json.end() || !fields->is_array())
      return no_schema(cat("the record ", made->name, " has no list of fields"));
    std::set<std::string> names;
    for (const Json& field : *fields) {
      const std::string name = field.is_object() ? text_in(field, "name") : std::string();
      if (!is_name(name) || !field.contains("type") || !names.insert(name).second)
        return no_schema(cat("the record ", made->name, " has a field '", name,
                             "' that is there twice, or has no valid name or no type"));
      WEIR_ASSIGN_OR_RETURN(const AvroSchema* const type, parse(field["type"], space, depth + 1));
      made->fields.push_back({name, type});
    }
    return made;
  }

  StatusOr<const AvroSchema*> parse_enum(const Json& json, const std::string& space) {
    WEIR_ASSIGN_OR_RETURN(AvroSchema* const made, add_named(Kind::kEnum, json, space));
    const auto symbols = json.find("symbols");
    if (symbols != json.end() && symbols->is_array()) {
      for (const Json& symbol : *symbols) {
        if (symbol.is_string()) made->symbols.push_back(symbol.get<std::string>());
      }
    }
    if (made->symbols.empty()) return no_schema(cat("the enum ", made->name, " has no symbols"));
    return made;
  }

  StatusOr<const AvroSchema*> parse_fixed(const Json& json, const std::string& space) {
    WEIR_ASSIGN_OR_RETURN(AvroSchema* const made, add_named(Kind::kFixed, json, space));
    const auto size = json.find("size");
    constexpr uint64_t kMaxSize = 1 << 30;
    if (size == json.end() || !size->is_number_unsigned() || size->get<uint64_t>() > kMaxSize)
      return no_schema(cat("the fixed ", made->name, " has no size, or none below 1 GiB"));
    made->size = size->get<size_t>();
    if (const std::string logical = text_in(json, "logicalType"); annotates(logical, made->kind))
      made->logical = logical;
    return made;
  }

  StatusOr<const AvroSchema*> parse_container(Kind kind, const Json& json, const char* key,
                                              const std::string& space, size_t depth) {
    const auto part = json.find(key);
    if (part == json.end()) return no_schema(cat("an ", name_of(kind), " has no '", key, "'"));
    WEIR_ASSIGN_OR_RETURN(const AvroSchema* const type, parse(*part, space, depth + 1));
    AvroSchema* const made = add(kind);
    made->parts.push_back(type);
    return made;
  }

  StatusOr<const AvroSchema*> parse_union(const Json& json, const std::string& space,
                                          size_t depth) {
    AvroSchema* const made = add(Kind::kUnion);
    std::set<std::string> seen;
    for (const Json& branch : json) {
      WEIR_ASSIGN_OR_RETURN(const AvroSchema* const type, parse(branch, space, depth + 1));
      if (type->kind == Kind::kUnion) return no_schema("a union is a branch of a union");
      if (!seen.insert(is_named(type->kind) ? type->name : std::string(name_of(type->kind))).second)
        return no_schema(cat("a union has the type ", type->show(), " twice"));
      made->parts.push_back(type);
    }
    if (made->parts.empty()) return no_schema("a union has no branch");
    return made;
  }

  AvroSchemaDocument& document_;
  std::map<std::string, const AvroSchema*> named_;
};

StatusOr<std::shared_ptr<const AvroSchemaDocument>> AvroSchemaDocument::parse(
    std::string_view json) {
  if (json.size() > kMaxBytes)
    return no_schema(cat("its text has ", json.size(), " bytes; at most ", kMaxBytes, " are read"));
  Json parsed = Json::parse(json, nullptr, false);
  // A primitive type may be written without quotes around it.
  if (parsed.is_discarded()) {
    const auto* const primitive = std::find(std::begin(kPrimitives), std::end(kPrimitives), json);
    if (primitive == std::end(kPrimitives)) return no_schema("its text is no JSON");
    parsed = std::string(json);
  }
  auto document = std::make_shared<AvroSchemaDocument>();
  WEIR_ASSIGN_OR_RETURN(document->root_, AvroSchemaParser(*document).parse(parsed, "", 0));
  return std::shared_ptr<const AvroSchemaDocument>(std::move(document));
}

std::string AvroSchema::show() const {
  std::string text(name_of(kind));
  if (!name.empty()) text += cat(' ', name);
  if (!logical.empty()) text += cat(" (", logical, ")");
  if (kind == Kind::kUnion) {
    for (size_t i = 0; i < parts.size(); ++i)
      text += cat(i == 0 ? " of " : ", ", unqualified(parts[i]->name).empty()
                                              ? std::string(name_of(parts[i]->kind))
                                              : parts[i]->name);
  }
  return text;
}

std::string_view unqualified(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

}  // namespace weir
