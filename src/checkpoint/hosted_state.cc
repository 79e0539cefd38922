#include "checkpoint/hosted_state.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/sidecar_json.h"
#include "weir/types/bytes.h"

namespace weir {
namespace {

constexpr uint16_t kBlobVersion = 1;
constexpr uint8_t kSplitElement = 0;
constexpr uint8_t kListElement = 1;
constexpr uint8_t kHeaderElement = 2;

int32_t types_of_json(std::string_view json) {
  const Id128 hash = murmur3_128(json);
  BinaryReader in(hash.raw());
  return in.get_i32();
}

struct ElementWriter {
  BinaryWriter& out;

  void operator()(const HostedSplit& split) const {
    out.put_u8(kSplitElement);
    out.put_raw(split.split);
  }
  void operator()(const HostedListElement& element) const {
    out.put_u8(kListElement);
    out.put_raw(element.operator_id.raw());
    out.put_utf(element.list);
    out.put_u8(static_cast<uint8_t>(element.mode));
    out.put_bytes(type_to_text(element.type));
    out.put_raw(element.element);
  }
  void operator()(const HostedHeader& header) const {
    out.put_u8(kHeaderElement);
    out.put_i64(header.checkpoint_id);
    out.put_bytes(operators_to_json(header.operators));
  }
};

StatusOr<HostedElement> get_list_element(BinaryReader& in) {
  HostedListElement element;
  element.operator_id = OperatorId::from_raw(in.get_raw(sizeof(OperatorId::bytes)));
  element.list = in.get_utf();
  const uint8_t mode = in.get_u8();
  if (mode > static_cast<uint8_t>(ListStateMode::kBroadcast)) in.fail("an unknown mode of a list");
  element.mode = static_cast<ListStateMode>(mode);
  const std::string_view type = in.get_bytes();
  WEIR_RETURN_IF_ERROR(in.status("an element of list state"));
  auto described = type_from_text(type);
  if (!described.ok())
    return described.status().with_context(cat("the type of list state '", element.list, "'"));
  element.type = *std::move(described);
  element.element = in.get_raw(in.remaining());
  return HostedElement(std::move(element));
}

StatusOr<HostedElement> get_header(BinaryReader& in) {
  HostedHeader header;
  header.checkpoint_id = in.get_i64();
  if (header.checkpoint_id < 0) in.fail("a negative checkpoint id");
  const std::string_view json = in.get_bytes();
  WEIR_RETURN_IF_ERROR(in.end("the description of a chain's state"));
  auto operators = operators_from_json(json);
  if (!operators.ok()) return operators.status().with_context("the description of a chain's state");
  header.operators = *std::move(operators);
  header.types = types_of_json(json);
  return HostedElement(std::move(header));
}

}  // namespace

std::string encode_hosted_group_header(std::span<const HostedGroupPart> parts,
                                       std::span<const int64_t> lengths) {
  BinaryWriter out;
  out.put_u16(kBlobVersion);
  out.put_u16(static_cast<uint16_t>(
      std::count_if(lengths.begin(), lengths.end(), [](int64_t length) { return length > 0; })));
  for (size_t i = 0; i < parts.size(); ++i) {
    if (lengths[i] == 0) continue;
    out.put_raw(parts[i].operator_id.raw());
    out.put_i32(parts[i].types);
    out.put_i64(lengths[i]);
  }
  return out.take();
}

std::string encode_hosted_group(std::span<const HostedGroupPart> parts) {
  std::vector<int64_t> lengths;
  std::string states;
  for (const HostedGroupPart& part : parts) {
    lengths.push_back(static_cast<int64_t>(part.state.size()));
    states += part.state;
  }
  return states.empty() ? std::string() : encode_hosted_group_header(parts, lengths) + states;
}

StatusOr<std::vector<HostedGroupPart>> decode_hosted_group(std::string_view blob) {
  BinaryReader in(blob);
  const uint16_t version = in.get_u16();
  if (in.ok() && version != kBlobVersion) {
    return failed_precondition(cat("a key group's state is in format ", version,
                                   "; this weir reads format ", kBlobVersion,
                                   ": restore with the weir that wrote it, or a newer one"));
  }
  std::vector<HostedGroupPart> parts;
  std::vector<int64_t> lengths;
  const uint16_t count = in.get_u16();
  for (int i = 0; i < count && in.ok(); ++i) {
    const OperatorId id = OperatorId::from_raw(in.get_raw(sizeof(OperatorId::bytes)));
    const bool twice = std::any_of(parts.begin(), parts.end(), [&](const HostedGroupPart& part) {
      return part.operator_id == id;
    });
    if (twice) in.fail("the same operator twice");
    parts.push_back({id, in.get_i32(), {}});
    lengths.push_back(in.get_i64());
    if (lengths.back() < 0) in.fail("a negative length");
  }
  for (size_t i = 0; i < parts.size() && in.ok(); ++i)
    parts[i].state = in.get_raw(static_cast<size_t>(lengths[i]));
  WEIR_RETURN_IF_ERROR(in.end("the state of a key group"));
  return parts;
}

std::string encode_hosted_element(const HostedElement& element) {
  BinaryWriter out;
  std::visit(ElementWriter{out}, element);
  return out.take();
}

StatusOr<HostedElement> decode_hosted_element(std::string_view bytes) {
  BinaryReader in(bytes);
  const uint8_t kind = in.get_u8();
  WEIR_RETURN_IF_ERROR(in.status("an element of a chain's state"));
  switch (kind) {
    case kSplitElement: return HostedElement(HostedSplit{std::string(in.get_raw(in.remaining()))});
    case kListElement: return get_list_element(in);
    case kHeaderElement: return get_header(in);
    default:
      return failed_precondition(cat(
          "an element of a chain's state is of kind ", static_cast<int>(kind),
          ", which this weir does not know: restore with the weir that wrote it, or a newer one"));
  }
}

int32_t hosted_types(const std::vector<OperatorStateDescription>& operators) {
  return types_of_json(operators_to_json(operators));
}

}  // namespace weir
