#include "checkpoint/sidecar_json.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "base/version.h"
#include "types/utf16.h"

namespace weir {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kVersionKey = "weir_sidecar";
constexpr int kMaxDepth = 64;  // maximum nesting of types

struct TypeKindName {
  TypeKind kind;
  const char* name;
};
constexpr TypeKindName kTypeKinds[] = {
    {TypeKind::kBool, "bool"},
    {TypeKind::kInt8, "int8"},
    {TypeKind::kInt16, "int16"},
    {TypeKind::kInt32, "int32"},
    {TypeKind::kInt64, "int64"},
    {TypeKind::kUint8, "uint8"},
    {TypeKind::kUint16, "uint16"},
    {TypeKind::kUint32, "uint32"},
    {TypeKind::kUint64, "uint64"},
    {TypeKind::kFloat, "float"},
    {TypeKind::kDouble, "double"},
    {TypeKind::kString, "string"},
    {TypeKind::kBytes, "bytes"},
    {TypeKind::kEnum, "enum"},
    {TypeKind::kOptional, "optional"},
    {TypeKind::kVariant, "variant"},
    {TypeKind::kTuple, "tuple"},
    {TypeKind::kStruct, "struct"},
    {TypeKind::kArray, "array"},
    {TypeKind::kList, "list"},
    {TypeKind::kSet, "set"},
    {TypeKind::kMap, "map"},
    {TypeKind::kDuration, "duration"},
    {TypeKind::kTimePoint, "time_point"},
    {TypeKind::kUser, "user"},
    {TypeKind::kVoid, "void"},
    {TypeKind::kTimeWindow, "time_window"},
};

struct KeyedKindName {
  KeyedStateInfo::Kind kind;
  const char* name;
};
constexpr KeyedKindName kKeyedKinds[] = {
    {KeyedStateInfo::Kind::kValue, "value"},
    {KeyedStateInfo::Kind::kList, "list"},
    {KeyedStateInfo::Kind::kMap, "map"},
    {KeyedStateInfo::Kind::kReducing, "reducing"},
    {KeyedStateInfo::Kind::kAggregating, "aggregating"},
    {KeyedStateInfo::Kind::kTimers, "timers"},
};

template <class Table, class Kind>
const char* name_in(const Table& table, Kind kind) {
  for (const auto& each : table) {
    if (each.kind == kind) return each.name;
  }
  return "?";
}

bool is_utf8(std::string_view text) {
  bool good = true;
  bool after_high = false;
  for_each_utf16_unit(text, [&](uint16_t unit) {
    if (!after_high && unit >= 0xDC80 && unit <= 0xDCFF) good = false;
    after_high = unit >= 0xD800 && unit <= 0xDBFF;
  });
  return good;
}

bool read_hex_digit(char c, unsigned* digit) {
  if (c >= '0' && c <= '9') {
    *digit = static_cast<unsigned>(c - '0');
  } else if (c >= 'a' && c <= 'f') {
    *digit = static_cast<unsigned>(c - 'a' + 10);
  } else {
    return false;
  }
  return true;
}

bool from_hex(const std::string& hex, std::string* bytes) {
  if (hex.size() % 2 != 0) return false;
  for (size_t i = 0; i < hex.size(); i += 2) {
    unsigned high = 0;
    unsigned low = 0;
    if (!read_hex_digit(hex[i], &high) || !read_hex_digit(hex[i + 1], &low)) return false;
    *bytes += static_cast<char>(high << 4 | low);
  }
  return true;
}

bool read_text(const Json& json, std::string* text) {
  if (json.is_string()) {
    *text = json.get_ref<const std::string&>();
    return true;
  }
  const auto hex = json.is_object() ? json.find("hex") : json.end();
  return json.is_object() && hex != json.end() && hex->is_string() &&
         from_hex(hex->get_ref<const std::string&>(), text);
}

/// Whether a type has the parts that its kind needs.
bool is_whole(const TypeDescription& type) {
  switch (type.kind) {
    case TypeKind::kEnum:
    case TypeKind::kOptional:
    case TypeKind::kArray:
    case TypeKind::kList:
    case TypeKind::kSet:
    case TypeKind::kDuration:
    case TypeKind::kTimePoint: return type.children.size() == 1;
    case TypeKind::kMap: return type.children.size() == 2;
    case TypeKind::kStruct: return type.children.size() == type.field_names.size();
    default: return true;
  }
}

bool read_type(const Json& json, int depth, TypeDescription* type) {
  if (!json.is_object() || depth > kMaxDepth) return false;
  const auto kind = json.find("kind");
  if (kind == json.end() || !kind->is_string()) return false;
  const auto* known = std::find_if(
      std::begin(kTypeKinds), std::end(kTypeKinds),
      [&](const TypeKindName& k) { return k.name == kind->get_ref<const std::string&>(); });
  if (known == std::end(kTypeKinds)) return false;
  type->kind = known->kind;
  if (const auto name = json.find("name"); name != json.end() && !read_text(*name, &type->name))
    return false;
  if (const auto size = json.find("size"); size != json.end()) {
    if (!size->is_number_integer()) return false;
    type->fixed_size = size->get<int64_t>();
  }
  if (const auto only = json.find("flink_only"); only != json.end())
    type->flink_only = *only == true;
  if (const auto fields = json.find("fields"); fields != json.end()) {
    if (!fields->is_array()) return false;
    for (const Json& field : *fields) {
      if (!read_text(field, &type->field_names.emplace_back())) return false;
    }
  }
  if (const auto of = json.find("of"); of != json.end()) {
    if (!of->is_array()) return false;
    for (const Json& child : *of) {
      if (!read_type(child, depth + 1, &type->children.emplace_back())) return false;
    }
  }
  return is_whole(*type);
}

/// A string, or {"hex": "…"} if it is not UTF-8.
Json text_to_json(const std::string& text) {
  if (is_utf8(text)) return text;
  return {{"hex", to_hex(text)}};
}

/// 16 hexadecimal digits, because many JSON readers lose bits of numbers.
std::string number_to_hex(uint64_t number) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
  return to_hex(bytes);
}

Json type_to_json(const TypeDescription& type) {
  Json json = {{"kind", name_in(kTypeKinds, type.kind)}};
  if (!type.name.empty()) json["name"] = text_to_json(type.name);
  if (type.fixed_size != 0) json["size"] = type.fixed_size;
  if (type.flink_only) json["flink_only"] = true;
  for (const std::string& field : type.field_names) json["fields"].push_back(text_to_json(field));
  for (const TypeDescription& child : type.children) json["of"].push_back(type_to_json(child));
  return json;
}

std::string keyed_kind_name(KeyedStateInfo::Kind kind) { return name_in(kKeyedKinds, kind); }

/// Reads members of an object, which may have missing or unexpected ones. Keeps the first error in
/// `failure`. After it, and for missing members, the values are empty.
class JsonReader {
 public:
  /// Both arguments must outlive the reader.
  JsonReader(const Json& json, Status* failure) : json_(&json), failure_(failure) {}

  void fail(std::string_view what) const;
  bool has(std::string_view key) const {
    return json_->is_object() && json_->contains(std::string(key));
  }
  bool is_null(std::string_view key) const;
  std::string text(std::string_view key) const;
  int64_t integer(std::string_view key) const;
  uint64_t hex_number(std::string_view key) const;
  Id128 id(std::string_view key) const;
  TypeDescription type(std::string_view key) const;
  KeyedStateInfo::Kind keyed_kind(std::string_view key) const;
  JsonReader object(std::string_view key) const;
  /// Reads a list of pairs of texts.
  void read_pair(std::map<std::string, std::string>* pairs) const;
  void for_each(std::string_view key, const std::function<void(JsonReader)>& element) const;

 private:
  const Json* member(std::string_view key) const;

  const Json* json_;
  Status* failure_;
};

void JsonReader::fail(std::string_view what) const {
  if (failure_->ok()) *failure_ = data_loss(std::string(what));
}

const Json* JsonReader::member(std::string_view key) const {
  if (json_->is_object()) {
    if (const auto found = json_->find(std::string(key)); found != json_->end()) return &*found;
  }
  fail(cat("'", key, "' is missing"));
  return nullptr;
}

bool JsonReader::is_null(std::string_view key) const {
  const Json* json = member(key);
  return json == nullptr || json->is_null();
}

std::string JsonReader::text(std::string_view key) const {
  const Json* json = member(key);
  std::string text;
  if (json != nullptr && !read_text(*json, &text)) fail(cat("'", key, "' is no text"));
  return text;
}

int64_t JsonReader::integer(std::string_view key) const {
  const Json* json = member(key);
  if (json != nullptr && json->is_number_integer()) return json->get<int64_t>();
  if (json != nullptr) fail(cat("'", key, "' is no integer"));
  return 0;
}

uint64_t JsonReader::hex_number(std::string_view key) const {
  const std::string text = this->text(key);
  std::string bytes;
  if (text.size() != 16 || !from_hex(text, &bytes)) {
    fail(cat("'", key, "' is no number of 16 hexadecimal digits"));
    return 0;
  }
  uint64_t number = 0;
  for (const unsigned char byte : bytes) number = number << 8 | byte;
  return number;
}

Id128 JsonReader::id(std::string_view key) const {
  const auto id = Id128::from_hex(text(key));
  if (!id.ok()) fail(id.status().message());
  return id.ok() ? id.value() : Id128{};
}

TypeDescription JsonReader::type(std::string_view key) const {
  const Json* json = member(key);
  TypeDescription type;
  if (json != nullptr && !read_type(*json, 0, &type)) fail(cat("'", key, "' is no type"));
  return type;
}

KeyedStateInfo::Kind JsonReader::keyed_kind(std::string_view key) const {
  const std::string name = text(key);
  for (const KeyedKindName& each : kKeyedKinds) {
    if (each.name == name) return each.kind;
  }
  fail(cat("'", name, "' is no kind of keyed state"));
  return {};
}

JsonReader JsonReader::object(std::string_view key) const {
  static const Json kNothing;
  const Json* json = member(key);
  return {json == nullptr ? kNothing : *json, failure_};
}

void JsonReader::read_pair(std::map<std::string, std::string>* pairs) const {
  std::string name;
  std::string value;
  if (!json_->is_array() || json_->size() != 2 || !read_text((*json_)[0], &name) ||
      !read_text((*json_)[1], &value))
    return fail("no pair of texts");
  (*pairs)[name] = value;
}

void JsonReader::for_each(std::string_view key,
                          const std::function<void(JsonReader)>& element) const {
  const Json* json = member(key);
  if (json == nullptr) return;
  if (!json->is_array()) return fail(cat("'", key, "' is no list"));
  for (const Json& each : *json) element(JsonReader(each, failure_));
}

Json to_json(const DataFile& file) {
  Json json = {{"name", text_to_json(file.name)},
               {"length", file.length},
               {"xxh3", number_to_hex(file.checksum)}};
  if (file.block_bytes > 0) json["block"] = file.block_bytes;
  return json;
}

Json to_json(const OperatorStateDescription& op) {
  Json keyed = Json::array();
  for (const KeyedStateInfo& state : op.keyed_states) {
    keyed.push_back({{"name", text_to_json(state.name)},
                     {"kind", keyed_kind_name(state.kind)},
                     {"namespace", type_to_json(state.name_space)},
                     {"value", type_to_json(state.value)}});
  }
  Json lists = Json::array();
  for (const ListStateInfo& list : op.lists) {
    lists.push_back({{"name", text_to_json(list.name)},
                     {"mode", mode_name(list.mode)},
                     {"element", type_to_json(list.element)}});
  }
  return {{"id", op.operator_id.to_hex()},
          {"uid", text_to_json(op.uid)},
          {"key", op.key_type ? type_to_json(*op.key_type) : Json()},
          {"keyed", std::move(keyed)},
          {"lists", std::move(lists)}};
}

void read_file(JsonReader json, DataFile* file) {
  file->name = json.text("name");
  file->length = json.integer("length");
  file->checksum = json.hex_number("xxh3");
  if (json.has("block")) file->block_bytes = json.integer("block");
}

void read_operator(JsonReader json, OperatorStateDescription* op) {
  op->operator_id = json.id("id");
  op->uid = json.text("uid");
  if (!json.is_null("key")) op->key_type = json.type("key");
  json.for_each("keyed", [&](JsonReader state) {
    KeyedStateInfo& info = op->keyed_states.emplace_back();
    info.name = state.text("name");
    info.kind = state.keyed_kind("kind");
    info.name_space = state.type("namespace");
    info.value = state.type("value");
  });
  json.for_each("lists", [&](JsonReader list) {
    ListStateInfo& info = op->lists.emplace_back();
    info.name = list.text("name");
    const std::string mode = list.text("mode");
    if (mode == mode_name(ListStateMode::kUnion)) info.mode = ListStateMode::kUnion;
    else if (mode == mode_name(ListStateMode::kBroadcast)) info.mode = ListStateMode::kBroadcast;
    else if (mode != mode_name(ListStateMode::kSplit)) list.fail("an unknown mode of a list");
    info.element = list.type("element");
  });
}

}  // namespace

std::string frame_to_json(const SidecarFrame& frame) {
  return Json{{kVersionKey, frame.version},
              {"length", frame.length},
              {"xxh3", number_to_hex(frame.checksum)}}
      .dump();
}

StatusOr<SidecarFrame> frame_from_json(std::string_view line) {
  Status failure;
  const Json json = Json::parse(line, nullptr, false);
  const JsonReader in(json, &failure);
  SidecarFrame frame{in.integer(kVersionKey), in.integer("length"), in.hex_number("xxh3")};
  if (!failure.ok()) return failure;
  return frame;
}

std::string sidecar_to_json(const Sidecar& sidecar) {
  Json json = {
      {"checkpoint", sidecar.checkpoint_id},
      {"weir_version",
       sidecar.weir_version.empty() ? std::string(weir_version()) : sidecar.weir_version},
      {"job_name", text_to_json(sidecar.job_name)},
      {"job_id", sidecar.job_id.to_hex()},
      {"fingerprint", text_to_json(sidecar.fingerprint)},
      {"metadata",
       {{"length", sidecar.metadata_length}, {"xxh3", number_to_hex(sidecar.metadata_checksum)}}},
      {"files", Json::array()},
      {"operators", Json::array()}};
  if (sidecar.start > 0) json["start"] = sidecar.start;
  for (const auto& [name, value] : sidecar.arguments)
    json["arguments"].push_back({text_to_json(name), text_to_json(value)});
  for (const DataFile& file : sidecar.files) json["files"].push_back(to_json(file));
  for (const OperatorStateDescription& op : sidecar.operators)
    json["operators"].push_back(to_json(op));
  return json.dump();
}

StatusOr<Sidecar> sidecar_from_json(std::string_view line) {
  Status failure;
  const Json json = Json::parse(line, nullptr, false);
  const JsonReader in(json, &failure);
  Sidecar sidecar;
  sidecar.checkpoint_id = in.integer("checkpoint");
  sidecar.weir_version = in.text("weir_version");
  sidecar.job_name = in.text("job_name");
  sidecar.job_id = in.id("job_id");
  sidecar.fingerprint = in.text("fingerprint");
  if (in.has("start")) sidecar.start = in.integer("start");
  if (in.has("arguments")) {
    in.for_each("arguments", [&](JsonReader pair) { pair.read_pair(&sidecar.arguments); });
  }
  const JsonReader metadata = in.object("metadata");
  sidecar.metadata_length = metadata.integer("length");
  sidecar.metadata_checksum = metadata.hex_number("xxh3");
  in.for_each("files", [&](JsonReader file) { read_file(file, &sidecar.files.emplace_back()); });
  in.for_each("operators",
              [&](JsonReader op) { read_operator(op, &sidecar.operators.emplace_back()); });
  if (!failure.ok()) return failure;
  return sidecar;
}

std::string operators_to_json(const std::vector<OperatorStateDescription>& operators) {
  Json json = {{"operators", Json::array()}};
  for (const OperatorStateDescription& op : operators) json["operators"].push_back(to_json(op));
  return json.dump();
}

StatusOr<std::vector<OperatorStateDescription>> operators_from_json(std::string_view text) {
  Status failure;
  const Json json = Json::parse(text, nullptr, false);
  std::vector<OperatorStateDescription> operators;
  JsonReader(json, &failure).for_each("operators", [&](JsonReader op) {
    read_operator(op, &operators.emplace_back());
  });
  if (!failure.ok()) return failure;
  return operators;
}

std::string type_to_text(const TypeDescription& type) { return type_to_json(type).dump(); }

StatusOr<TypeDescription> type_from_text(std::string_view text) {
  TypeDescription type;
  if (!read_type(Json::parse(text, nullptr, false), 0, &type)) return data_loss("it is no type");
  return type;
}

}  // namespace weir
